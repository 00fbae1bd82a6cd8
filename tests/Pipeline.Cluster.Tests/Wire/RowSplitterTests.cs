using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

public sealed class RowSplitterTests
{
    [Fact]
    public async Task A_row_goes_once_to_a_shard_and_no_frame_is_too_large()
    {
        await using var lab = new WireLab();
        var (hidden, slots, rows) = (lab.Identity.Hidden, lab.Identity.Slots, 200);
        var splitter = new RowSplitter(lab.Table, lab.Identity, lab.Client.Calls, lab.Client.Buffers);
        var exchange = new ExpertExchange(urgent: false, () => { });
        var random = new Random(1);
        var input = Enumerable.Range(0, rows * hidden).Select(_ => random.NextSingle()).ToArray();
        var experts = Enumerable.Range(0, rows * slots).Select(_ => random.Next(-1, WireLab.Experts)).ToArray();
        var scores = Enumerable.Range(0, rows * slots).Select(_ => random.NextSingle()).ToArray();

        splitter.Split(layer: 1, input, experts, scores, exchange);

        var sent = new HashSet<(int Shard, int Row)>();
        var targets = new HashSet<int>();
        foreach (var call in exchange.Calls)
        {
            Assert.InRange(call.Frame.Length, 1, lab.Identity.FrameBytes);
            Assert.InRange(new RequestLayout(hidden).ReplyBytes(call.Assignments), 1, lab.Identity.FrameBytes);
            foreach (var row in call.Targets.Take(call.Assignments).Select(target => target / slots).Distinct())
            {
                Assert.True(sent.Add((call.Shard, row)), "a row went twice to a shard");
            }

            var assignments = RequestLayout.Assignments(call.Frame, call.Assignments).ToArray();
            var frame = RequestLayout.Input(call.Frame, call.Assignments).ToArray();
            Assert.Equal(call.Rows * hidden, frame.Length);
            for (var i = 0; i < call.Assignments; i++)
            {
                var target = call.Targets[i];
                Assert.True(targets.Add(target));
                Assert.Equal(new ExpertAssignment(assignments[i].Row, experts[target], scores[target]), assignments[i]);
                Assert.Equal(call.Shard, lab.Map.ShardOf(new ExpertId(1, experts[target])));
                Assert.Equal(input.AsSpan(target / slots * hidden, hidden).ToArray(), frame.AsSpan(assignments[i].Row * hidden, hidden).ToArray());
            }

            call.End();
            lab.Client.Calls.Give(call);
        }

        Assert.Equal(experts.Count(expert => expert >= 0), targets.Count);
    }
}
