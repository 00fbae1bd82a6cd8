using System.Globalization;
using Pipeline.Kernels;

namespace Pipeline.Benchmarks.Products;

/// <summary>
/// Products of the portable device as shares of what the same threads of this machine can do at most: multiply-adds where there
/// are many rows, reading where there are few.
/// </summary>
internal static class ProductTable
{
    private const int LimitRuns = 20;

    /// <param name="names">Instruction paths to measure; all that the machine has where none is named.</param>
    public static void Print(string[] names)
    {
        var paths = Enum.GetValues<InstructionPath>().Where(path => path.IsSupported() && (names.Length == 0 || names.Contains(path.ToString()))).Reverse();
        foreach (var (path, threads) in paths.SelectMany(path => new[] { (path, 1), (path, Environment.ProcessorCount) }).Distinct())
        {
            using var team = new CpuTeam(threads);
            using var limits = new PortableLimits(team, path);
            var peak = Enumerable.Range(0, LimitRuns).Max(_ => limits.MeasureMultiplyAdds());
            var reading = Enumerable.Range(0, LimitRuns).Max(_ => limits.MeasureReading());
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}, threads: {threads}, at most {peak / 1e9:F0} GFLOP/s and {reading / 1e9:F1} GB/s"));
            Console.WriteLine("path      threads  inputs x outputs  format  orientation        rows   GFLOP/s  of peak    GB/s  of reading");
            foreach (var (inputs, outputs) in new[] { (192, 768), (1024, 2048) })
            {
                foreach (var orientation in Enum.GetValues<WeightOrientation>())
                {
                    foreach (var rows in new[] { 1, 4, 8, 64, 520 })
                    {
                        var (flops, bytes) = ProductBenchmark.Run(team, path, inputs, outputs, orientation, rows);
                        Console.WriteLine(string.Create(
                            CultureInfo.InvariantCulture,
                            $"{path,-8} {threads,8} {inputs,7} x {outputs,-8} {NumberFormat.BF16,6}  {orientation,-16} {rows,6} {flops / 1e9,9:F1} {flops / peak,8:P0} {bytes / 1e9,7:F1} {bytes / reading,8:P0}"));
                    }
                }
            }
        }
    }
}
