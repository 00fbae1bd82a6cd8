namespace Pipeline.Checkpoints;

/// <summary>
/// Numbers uniform in around +- scale that are made by index (SplitMix64, Steele et al., OOPSLA 2014), so that a tensor may be
/// filled in any order and layout.
/// </summary>
internal readonly struct RandomNumbers(ulong key, float around, float scale)
{
    private const float Unit = 1f / (1 << 23);

    public float this[long index]
    {
        get
        {
            var bits = key + ((ulong)(index + 1) * 0x9E3779B97F4A7C15);
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
            return around + (scale * (((int)(bits >> 40) * Unit) - 1));
        }
    }

    public void Fill(long first, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = this[first + i];
        }
    }

    /// <summary>The stream of a tensor: by seed and name (FNV-1a).</summary>
    public static ulong Key(int seed, string name)
    {
        var hash = 0xCBF29CE484222325 ^ (uint)seed;
        foreach (var letter in name)
        {
            hash = (hash ^ letter) * 0x100000001B3;
        }

        return hash;
    }
}
