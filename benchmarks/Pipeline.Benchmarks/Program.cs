using System.Globalization;
using Pipeline.Benchmarks;
using Pipeline.Kernels;

// Products of the portable device as shares of what one thread of this machine can do at most: multiply-adds where there are
// many rows, reading where there are few.
var (peak, reading) = (MachineLimits.MultiplyAdds(), MachineLimits.Reading());
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"one thread: {peak:F0} GFLOP/s, {reading:F1} GB/s"));
Console.WriteLine("path      threads  inputs x outputs  format  orientation        rows   GFLOP/s  of peak    GB/s  of reading");
var paths = Enum.GetValues<InstructionPath>().Where(path => path.IsSupported() && (args.Length == 0 || args.Contains(path.ToString()))).Reverse();
foreach (var (path, threads) in paths.SelectMany(path => new[] { (path, 1), (path, Environment.ProcessorCount) }).Distinct())
{
    using var team = new CpuTeam(threads);
    foreach (var (inputs, outputs) in new[] { (192, 768), (1024, 2048) })
    {
        foreach (var orientation in Enum.GetValues<WeightOrientation>())
        {
            foreach (var rows in new[] { 1, 4, 8, 64, 520 })
            {
                var (flops, bytes) = ProductBenchmark.Run(team, path, inputs, outputs, orientation, rows);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path,-8} {threads,8} {inputs,7} x {outputs,-8} {NumberFormat.BF16,6}  {orientation,-16} {rows,6} {flops / 1e9,9:F1} {flops / 1e9 / peak / threads,8:P0} {bytes / 1e9,7:F1} {bytes / 1e9 / reading / threads,8:P0}"));
            }
        }
    }
}
