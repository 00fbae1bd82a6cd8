using Pipeline.Benchmarks.Products;
using Pipeline.Benchmarks.Sharded;

// What `pipeline bench` does not measure: single products, and decoding with experts in other processes.
if (args is ["sharded", .. var rest])
{
    return await ShardedPlan.InvokeAsync(rest, ShardedBenchmark.RunAsync);
}

ProductTable.Print(args);
return 0;
