using Pipeline.Checkpoints;
using Pipeline.Kernels;

namespace Pipeline.Model.Tests;

/// <summary>A tiny reference checkpoint with its recorded outputs, loaded on a device.</summary>
internal sealed class Golden : IDisposable
{
    private readonly CpuTeam _team;
    private readonly IDevice _device;
    private readonly Checkpoint _checkpoint;

    private Golden(string name, int threads, Func<CpuTeam, IDevice> device, Quantization quantization = Quantization.None)
    {
        var folder = Path.Combine(SharedData.Root, "tests/data/goldens", name);
        _team = new CpuTeam(threads);
        _device = device(_team);
        _checkpoint = Checkpoint.Open(folder, quantization);
        Model = new Llama4Model(_device, _checkpoint);
        Reference = SafetensorsFile.Open(Path.Combine(folder, "golden.safetensors"));
    }

    public static TheoryData<string> Names => ["scout-like", "maverick-like", "top2"];

    public Llama4Model Model { get; }

    public TensorCatalog Reference { get; }

    public static Golden Open(string name, int threads = 2) => new(name, threads, team => new PortableDevice(team));

    public static Golden Open(string name, Quantization quantization) => OpenOn(name, team => new PortableDevice(team), quantization);

    public static Golden OpenOn(string name, Func<CpuTeam, IDevice> device, Quantization quantization = Quantization.None) =>
        new(name, threads: 2, device, quantization);

    public int[] Ids(string tensor) => Array.ConvertAll(Reference.Find(tensor)!.ReadIntegers(), id => (int)id);

    public void Dispose()
    {
        Reference.Dispose();
        _device.Dispose();
        _checkpoint.Dispose();
        _team.Dispose();
    }
}
