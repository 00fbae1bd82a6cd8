namespace Pipeline.Checkpoints;

/// <summary>Opens single safetensors files, such as reference outputs.</summary>
public static class SafetensorsFile
{
    /// <summary>Opens one file and validates its header; a tensor is mapped when it is read. Dispose the catalog to unmap them.</summary>
    /// <exception cref="PipelineException">The file is missing, unreadable or damaged; the message says where.</exception>
    public static TensorCatalog Open(string path) => TensorCatalog.Open([path]);
}
