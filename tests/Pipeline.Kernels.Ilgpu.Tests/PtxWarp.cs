using System.Globalization;
using System.Text.RegularExpressions;

namespace Pipeline.Kernels.Tests;

/// <summary>
/// One warp of the tiled product, played on the host from the very PTX of the kernel: ldmatrix, mma.sync and the stores, as the PTX
/// ISA (sections on warp-level matrix instructions, 8.0) says which lane holds what.
/// </summary>
internal sealed partial class PtxWarp(byte[] shared)
{
    private const int Lanes = 32;

    private readonly Dictionary<string, uint[]> _registers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, float[]> _sums = new(StringComparer.Ordinal);

    /// <summary>Executes <see cref="MatrixPtx.Multiply"/> with each lane's two places.</summary>
    public void Multiply(string ptx, Func<int, int> rows, Func<int, int> outputs)
    {
        foreach (Match load in LoadPattern().Matches(ptx))
        {
            var place = load.Groups["base"].Value == "rows" ? rows : outputs;
            var offset = load.Groups["offset"].Success ? int.Parse(load.Groups["offset"].Value, CultureInfo.InvariantCulture) : 0;
            Load(Names(load, "target"), lane => place(lane) + offset);
        }

        foreach (Match mma in MmaPattern().Matches(ptx))
        {
            Assert.Equal(mma.Groups["sum"].Value, mma.Groups["target"].Value);
            Multiply(Names(mma, "target"), Names(mma, "a"), Names(mma, "b"));
        }
    }

    /// <summary>Executes one of the stores for all lanes: calls back with what each operand pair writes where.</summary>
    public void Store(string ptx, Func<int, int> left, Action<int, int, float> write)
    {
        foreach (Match store in StorePattern().Matches(ptx))
        {
            var limit = int.Parse(store.Groups["limit"].Value, CultureInfo.InvariantCulture);
            var offset = store.Groups["offset"].Success ? int.Parse(store.Groups["offset"].Value, CultureInfo.InvariantCulture) : 0;
            for (var lane = 0; lane < Lanes; lane++)
            {
                if (left(lane) > limit)
                {
                    write(lane, offset / sizeof(float), Sums(store.Groups["source"].Value)[lane]);
                }
            }
        }
    }

    [GeneratedRegex(@"ldmatrix\.sync\.aligned\.m8n8\.x4\.shared\.b16 \{(?<target>[^}]*)\}, \[(?<base>rows|outputs)(\+(?<offset>\d+))?\];", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LoadPattern();

    [GeneratedRegex(@"mma\.sync\.aligned\.m16n8k16\.row\.col\.f32\.bf16\.bf16\.f32 \{(?<target>[^}]*)\}, \{(?<a>[^}]*)\}, \{(?<b>[^}]*)\}, \{(?<sum>[^}]*)\};", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MmaPattern();

    [GeneratedRegex(@"setp\.gt\.s32 p, %1, (?<limit>\d+);\s*@p st\.global\.f32 \[%0(\+(?<offset>\d+))?\], (?<source>acc\d+);", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StorePattern();

    private static string[] Names(Match match, string group) => match.Groups[group].Value.Split(", ");

    private static float Half(uint register, int half) => BitConverter.UInt32BitsToSingle(half == 0 ? register << 16 : register & 0xffff0000);

    /// <summary>Matrix m of the four is 8 rows of 16 bytes at the places of lanes 8 m and on; lane l gets the pair at row l / 4, columns 2 (l % 4).</summary>
    private void Load(string[] targets, Func<int, int> place)
    {
        for (var matrix = 0; matrix < 4; matrix++)
        {
            var register = new uint[Lanes];
            for (var lane = 0; lane < Lanes; lane++)
            {
                register[lane] = BitConverter.ToUInt32(shared, place((8 * matrix) + (lane / 4)) + (lane % 4 * 4));
            }

            _registers[targets[matrix]] = register;
        }
    }

    private void Multiply(string[] sums, string[] a, string[] b)
    {
        var (left, right) = (new float[16, 16], new float[16, 8]);
        for (var lane = 0; lane < Lanes; lane++)
        {
            for (var half = 0; half < 2; half++)
            {
                for (var i = 0; i < 4; i++)
                {
                    left[(lane / 4) + (i % 2 * 8), (lane % 4 * 2) + half + (i / 2 * 8)] = Half(_registers[a[i]][lane], half);
                }

                for (var i = 0; i < 2; i++)
                {
                    right[(lane % 4 * 2) + half + (i * 8), lane / 4] = Half(_registers[b[i]][lane], half);
                }
            }
        }

        for (var lane = 0; lane < Lanes; lane++)
        {
            for (var i = 0; i < 4; i++)
            {
                for (var k = 0; k < 16; k++)
                {
                    Sums(sums[i])[lane] += left[(lane / 4) + (i / 2 * 8), k] * right[k, (lane % 4 * 2) + (i % 2)];
                }
            }
        }
    }

    private float[] Sums(string name)
    {
        if (!_sums.TryGetValue(name, out var sums))
        {
            _sums.Add(name, sums = new float[Lanes]);
        }

        return sums;
    }
}
