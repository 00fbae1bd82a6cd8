namespace Pipeline.Checkpoints;

/// <summary>Opens single safetensors files, such as reference outputs.</summary>
public static class SafetensorsFile
{
    /// <summary>Maps one file and validates its header; no data is read before a tensor is. Dispose the catalog to unmap it.</summary>
    /// <exception cref="PipelineException">The file is missing, unreadable or damaged; the message says where.</exception>
    public static TensorCatalog Open(string path) => TensorCatalog.Open([path]);
}
