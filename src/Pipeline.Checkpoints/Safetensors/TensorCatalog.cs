namespace Pipeline.Checkpoints;

/// <summary>The tensors of one or several files by name. Disposing it unmaps what was mapped of them; no address is valid afterwards.</summary>
public sealed class TensorCatalog : IDisposable
{
    private readonly IReadOnlyList<MappedSafetensors> _files;
    private readonly Dictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);

    private TensorCatalog(IReadOnlyList<MappedSafetensors> files)
    {
        _files = files;
        foreach (var tensor in files.SelectMany(file => file.Tensors))
        {
            if (!_tensors.TryAdd(tensor.Name, tensor))
            {
                throw new PipelineException(
                    "checkpoint.duplicate-tensor",
                    $"tensor {tensor.Name} is stored twice: in {_tensors[tensor.Name].File} and in {tensor.File}",
                    "Remove the shards that do not belong to this checkpoint.");
            }
        }
    }

    /// <summary>Every tensor, in the order of files and of their data.</summary>
    public IReadOnlyCollection<TensorInfo> All => _tensors.Values;

    internal IReadOnlyList<MappedSafetensors> Files => _files;

    /// <summary>Opens and validates files whose tensors together form one set.</summary>
    /// <exception cref="PipelineException">A file is missing, unreadable or damaged, or two hold a tensor of the same name.</exception>
    internal static TensorCatalog Open(IReadOnlyList<string> paths)
    {
        var files = new List<MappedSafetensors>(paths.Count);
        try
        {
            foreach (var path in paths)
            {
                files.Add(MappedSafetensors.Open(path));
            }

            return new TensorCatalog(files);
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>The tensor of that name, or null.</summary>
    public TensorInfo? Find(string name) => _tensors.GetValueOrDefault(name);

    public void Dispose()
    {
        foreach (var file in _files)
        {
            file.Dispose();
        }
    }
}
