using ILGPU;
using ILGPU.Runtime;

namespace Pipeline.Kernels;

/// <summary>A list of launches that the accelerator has taken as one.</summary>
internal interface ILaunchGraph : IDisposable
{
    void Launch();
}

/// <summary>
/// The way of every launch to the accelerator. A decode step is the same list of launches each time, as all that changes between steps lies in
/// the step table: so after the table of such a step was sent, launches are held back as long as they are those of the last step of its
/// kind, and when the first copy to the host is asked for they go as one graph. Where one differs, those before it and all
/// after it go by themselves, and the list begins anew: what is computed never depends on it.
/// </summary>
/// <param name="stream">Where they go.</param>
/// <param name="failed">What a failure of the accelerator is called.</param>
internal sealed class LaunchQueue(AcceleratorStream stream, Func<AcceleratorException, PipelineException> failed) : IDisposable
{
    private readonly LinkedList<Step> _steps = new();
    private Step? _step;
    private int _held;
    private bool _matching;

    /// <summary>Makes a graph of the launches that the action makes; null, or an answer of null, and they go one by one.</summary>
    public Func<Action, ILaunchGraph?>? Capture { get; set; }

    /// <summary>Kinds of steps (their table and its rows) that are remembered; the one not used for longest makes room.</summary>
    public int MostSteps { get; set; } = 1;

    /// <summary>Steps that went as one graph.</summary>
    public long Graphs { get; private set; }

    /// <summary>Launches that went by themselves.</summary>
    public long Launches { get; private set; }

    public void Add<TArguments>(LoadedKernel<TArguments> kernel, KernelConfig size, in TArguments arguments)
        where TArguments : struct
    {
        if (_matching && _held < _step!.Launches.Count && kernel.IsSame(_step.Launches[_held], size, arguments))
        {
            _held++;
            return;
        }

        LaunchHeld();
        Launches++;
        _step?.Launches.Add(kernel.Keep(size, arguments));
        try
        {
            kernel.Run(stream, size, arguments);
        }
        catch (AcceleratorException failure)
        {
            throw failed(failure);
        }
    }

    /// <summary>What follows is a step of this kind, up to the next <see cref="Flush"/>.</summary>
    /// <param name="table">The step's table.</param>
    /// <param name="rows">Its rows.</param>
    public void BeginStep(StepTable table, int rows)
    {
        Flush();
        if (Capture is null)
        {
            return;
        }

        _step = Find(table, rows);
        _matching = _step.Launches.Count > 0;
        _held = 0;
    }

    /// <summary>Everything that was added is on its way when this returns.</summary>
    public void Flush()
    {
        if (_matching && _held == _step!.Launches.Count)
        {
            LaunchGraph(_step);
        }

        LaunchHeld();
        _step = null;
    }

    /// <summary>What was held back is on its way when this returns; the step goes on. One that is not as it was forgets the rest of its list.</summary>
    public void LaunchHeld()
    {
        if (!_matching)
        {
            return;
        }

        _matching = false;
        var launches = _step!.Launches;
        launches.RemoveRange(_held, launches.Count - _held);
        _step.Dispose(); // its graph: the list may grow from here on
        Launches += launches.Count;
        Run(launches);
    }

    /// <summary>Forgets all steps, so that the next of each is recorded anew.</summary>
    public void Forget()
    {
        Flush();
        foreach (var step in _steps)
        {
            step.Dispose();
        }

        _steps.Clear();
    }

    public void Dispose() => Forget();

    private Step Find(StepTable table, int rows)
    {
        var node = _steps.First;
        while (node is not null && !(ReferenceEquals(node.Value.Table, table) && node.Value.Rows == rows))
        {
            node = node.Next;
        }

        if (node is not null)
        {
            _steps.Remove(node);
        }
        else
        {
            node = new LinkedListNode<Step>(new Step(table, rows));
            if (_steps.Count == MostSteps)
            {
                _steps.Last!.Value.Dispose();
                _steps.RemoveLast();
            }
        }

        _steps.AddFirst(node);
        return node.Value;
    }

    private void LaunchGraph(Step step)
    {
        step.Graph ??= Capture?.Invoke(() => Run(step.Launches));
        if (step.Graph is not { } graph)
        {
            return;
        }

        _matching = false;
        Graphs++;
        try
        {
            graph.Launch();
        }
        catch (AcceleratorException failure)
        {
            throw failed(failure);
        }
    }

    private void Run(List<Launch> launches)
    {
        try
        {
            foreach (var launch in launches)
            {
                launch.Run(stream);
            }
        }
        catch (AcceleratorException failure)
        {
            throw failed(failure);
        }
    }

    private sealed class Step(StepTable table, int rows) : IDisposable
    {
        public StepTable Table { get; } = table;

        public int Rows { get; } = rows;

        public List<Launch> Launches { get; } = [];

        public ILaunchGraph? Graph { get; set; }

        public void Dispose()
        {
            Graph?.Dispose();
            Graph = null;
        }
    }
}
