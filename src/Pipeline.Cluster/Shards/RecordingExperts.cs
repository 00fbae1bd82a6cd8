using Pipeline.Kernels;
using Pipeline.Model;

namespace Pipeline.Cluster.Shards;

/// <summary>Counts which experts rows are sent to, whoever computes them. Reading the routing waits for the device: for runs that record.</summary>
public sealed class RecordingExpertsFactory(IExpertsFactory experts, RoutingStatistics statistics) : IExpertsFactory
{
    public bool OnDevice => experts.OnDevice;

    public IExperts Create(TextModel model, bool urgent, Action wake) => new RecordingExperts(experts.Create(model, urgent, wake), model.Device, statistics);

    private sealed class RecordingExperts(IExperts experts, IDevice device, RoutingStatistics statistics) : IExperts
    {
        private int[] _chosen = [];
        private float[] _scores = [];

        public ExpertTicket Begin(int layer, in ExpertRows rows)
        {
            var count = rows.Rows * rows.Routing.Slots;
            if (_chosen.Length < count)
            {
                _chosen = new int[count];
                _scores = new float[count];
            }

            device.Read(rows.Routing, rows.Rows, _chosen, _scores);
            statistics.Add(layer, _chosen.AsSpan(0, count));
            return experts.Begin(layer, rows);
        }

        public bool TryEnd(ExpertTicket ticket) => experts.TryEnd(ticket);

        public void Abandon(ExpertTicket ticket) => experts.Abandon(ticket);
    }
}
