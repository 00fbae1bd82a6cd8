using System.Net;
using System.Net.Sockets;
using Pipeline.Cluster.Shards;
using Pipeline.Cluster.Wire;

namespace Pipeline.Cluster.Tests.Wire;

public sealed class HostileTests
{
    [Fact]
    public async Task Hostile_frames_close_their_connection_and_nothing_else()
    {
        var seed = Environment.TickCount;
        await using var lab = new WireLab(WireLab.DefaultOptions with { Connections = 64 });
        var node = lab.AddNode();
        lab.Directory.Set(node.Host);
        var pass = lab.AddPass();
        using var ended = new CancellationTokenSource();
        var honest = Task.Run(async () =>
        {
            var random = new Random(seed);
            while (!ended.IsCancellationRequested)
            {
                await pass.StepAsync(random, random.Next(WireLab.Layers), rows: 1 + random.Next(16));
            }
        });

        var frames = TestCampaign.Iterations(5_000);
        var broken = new int[4];
        await Task.WhenAll(Enumerable.Range(0, broken.Length).Select(worker => Task.Run(async () =>
        {
            var random = new Random(seed + worker);
            for (var i = 0; i < frames / broken.Length; i++)
            {
                broken[worker] += await AttackAsync(lab, node.Host, random) ? 1 : 0;
            }
        })));
        await ended.CancelAsync();
        await honest;

        // Some leave before they are thrown out; of all others each is counted, one that greets with a refusal as refused.
        await Eventually.IsTrue(() => node.Listener.Meters.Broken + node.Listener.Meters.Refused >= broken.Sum(), $"seed {seed}: {broken.Sum()} are counted");
        Assert.True(broken.Sum() > frames / 2, $"seed {seed}: {broken.Sum()} thrown out");
        Assert.Equal(0, lab.Client.Meters.ConnectionsLost);
    }

    /// <summary>One connection, one hostile frame; true where the node ended it.</summary>
    private static async Task<bool> AttackAsync(WireLab lab, ExpertHost host, Random random)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host.Host, host.Port);
        client.LingerState = new LingerOption(enable: true, seconds: 0);
        var stream = client.GetStream();
        try
        {
            if (random.Next(10) > 0)
            {
                await Handshake.AskAsync(stream, lab.Identity, mixedPaths: false, CancellationToken.None);
            }

            var frame = Frame(lab, random, out var whole);
            await stream.WriteAsync(frame);
            if (!whole)
            {
                return false;
            }

            // The node says nothing to such as these.
            return await stream.ReadAsync(new byte[1]) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private static byte[] Frame(WireLab lab, Random random, out bool whole)
    {
        whole = true;
        var request = Request(lab, random);
        switch (random.Next(6))
        {
            case 0:
                var noise = new byte[FrameHeader.Bytes + random.Next(200)];
                random.NextBytes(noise);
                return noise;
            case 1:
                // A head that is damaged where it matters: magic, version, kind, detail, or a count.
                int[] places = [0, 1, 2, 3, 4, 5, 6, 7, 17, 18, 19, 21, 22, 23, 25, 26, 27, 29, 30, 31, 36, 37, 47, 55];
                var place = places[random.Next(places.Length)];
                request[place] ^= (byte)(place is 6 or 7 or 47 or 55 ? 0x80 : 1 + random.Next(255));
                return request;
            case 2:
                whole = false;
                return request[..random.Next(1, request.Length)];
            case 3:
                // Huge counts that a careless reader would rent memory for.
                BitConverter.TryWriteBytes(request.AsSpan(24 + (4 * random.Next(3))), random.Next(1 << 20, int.MaxValue));
                return request;
            case 4:
                // Assignments that name what is not there.
                BitConverter.TryWriteBytes(request.AsSpan(FrameHeader.Bytes + (4 * random.Next(2))), random.Next(2) == 0 ? -1 - random.Next(9) : WireLab.Experts + random.Next(1 << 30));
                return request;
            default:
                var kind = (FrameKind)(1 + random.Next(2) + (random.Next(2) * 3));
                new FrameHeader(kind == FrameKind.Ping ? FrameKind.Pong : kind, Payload: 4).Write(request);
                return request;
        }
    }

    /// <summary>A valid request, but for what is then done to it.</summary>
    private static byte[] Request(WireLab lab, Random random)
    {
        var layer = random.Next(WireLab.Layers);
        var expert = random.Next(WireLab.Experts);
        var layout = new RequestLayout(lab.Identity.Hidden);
        var bytes = layout.RequestBytes(rows: 1, assignments: 1);
        var frame = new WireBufferPool().Rent(bytes);
        frame.Span.Clear();
        new FrameHeader(
            FrameKind.Request, 1, random.NextInt64(), layer, lab.Map.ShardOf(new ExpertId(layer, expert)), Rows: 1, Assignments: 1, (int)bytes - FrameHeader.Bytes)
            .Write(frame.Span);
        RequestLayout.Assignments(frame, 1)[0] = new ExpertAssignment(0, expert, 0.5f);
        return frame.Span.ToArray();
    }

    [Fact]
    public async Task A_hostile_node_is_left_for_another()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        await using var lab = new WireLab();
        var node = lab.AddNode();
        using var hostile = new TcpListener(IPAddress.Loopback, 0);
        hostile.Start();
        lab.Directory.Set(node.Host with { Node = "hostile", Port = ((IPEndPoint)hostile.LocalEndpoint).Port }, node.Host);
        using var ended = new CancellationTokenSource();
        var attack = Task.Run(() => DeceiveAsync(hostile, lab, random, ended.Token));
        var pass = lab.AddPass();

        for (var step = 0; step < TestCampaign.Iterations(100); step++)
        {
            await pass.StepAsync(new Random(step), step % WireLab.Layers, rows: 16);
        }

        Assert.True(lab.Client.Meters.ConnectionsBroken > 0, $"seed {seed}");
        await ended.CancelAsync();
        await attack;
    }

    /// <summary>Greets as a node does, reads a request's head, and answers nonsense.</summary>
    private static async Task DeceiveAsync(TcpListener listener, WireLab lab, Random random, CancellationToken ended)
    {
        while (!ended.IsCancellationRequested)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync(ended);
                var stream = client.GetStream();
                await Handshake.AnswerAsync(stream, lab.Identity with { Node = "hostile" }, mixedPaths: false, ended);
                var head = new byte[FrameHeader.Bytes];
                await stream.ReadHeadAsync(head, ended);
                var asked = FrameHeader.Read(head);
                var payload = new RequestLayout(lab.Identity.Hidden).ReplyBytes(asked.Assignments) - FrameHeader.Bytes;
                var answer = new byte[FrameHeader.Bytes + payload + 400];
                random.NextBytes(answer);
                var reply = new FrameHeader(FrameKind.Reply, 0, asked.Id, Assignments: asked.Assignments, Payload: (int)payload);
                switch (random.Next(4))
                {
                    case 0:
                        break;
                    case 1:
                        (reply with { Assignments = asked.Assignments + 1, Payload = (int)payload + (4 * lab.Identity.Hidden) }).Write(answer);
                        break;
                    case 2:
                        (reply with { Payload = int.MaxValue }).Write(answer);
                        break;
                    default:
                        (reply with { Detail = 3 }).Write(answer);
                        break;
                }

                await stream.WriteAsync(answer, ended);
                await stream.CopyToAsync(Stream.Null, ended);
            }
            catch (Exception exception) when (WireStream.IsLoss(exception))
            {
                // The engine has gone, as it should.
            }
        }
    }

    [Fact]
    public void Heads_round_trip_and_random_ones_are_refused_by_their_own_exception()
    {
        var header = new FrameHeader(FrameKind.Request, 1, long.MaxValue, 47, 3, 256, 512, 1 << 20, 123, 456);
        var bytes = new byte[FrameHeader.Bytes];
        header.Write(bytes);
        Assert.Equal(header, FrameHeader.Read(bytes));

        var seed = Environment.TickCount;
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < 100_000; i++)
        {
            header.Write(bytes);
            for (var damage = random.Next(1, 4); damage > 0; damage--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                FrameHeader.Read(bytes);
            }
            catch (FrameException)
            {
                refused++;
            }
        }

        Assert.True(refused > 20_000, $"seed {seed}: {refused} refused");
    }

    [Fact]
    public void A_hello_is_refused_at_every_cut_and_with_every_byte_too_many()
    {
        var identity = new WireIdentity("node", "checkpoint", "map", "AVX-512", Hidden: 5120, Slots: 1, FrameBytes: 1 << 20);
        var bytes = identity.Encode();

        Assert.Equal(identity, WireIdentity.Decode(bytes));
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<FrameException>(() => WireIdentity.Decode(bytes[..length]));
        }

        Assert.Throws<FrameException>(() => WireIdentity.Decode([.. bytes, 0]));
        Assert.Throws<FrameException>(() => WireIdentity.Decode((identity with { Node = "a\nb" }).Encode()));
    }
}
