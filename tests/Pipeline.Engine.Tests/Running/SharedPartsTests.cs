using Akka.Actor;
using Akka.Streams;
using Pipeline.Checkpoints;
using Pipeline.Engine.Running;
using Pipeline.Model;

namespace Pipeline.Engine.Tests;

/// <summary>An engine on parts that are not its own leaves them as they were.</summary>
public sealed class SharedPartsTests
{
    [Fact]
    public async Task Engines_come_and_go_on_one_device_checkpoint_and_actor_system()
    {
        var (settings, akka) = EngineRig.Bind();
        using var checkpoint = Checkpoint.Open(EngineRig.ModelFolder);
        await using var lane = await DeviceLane.StartAsync(EngineRig.CreateDevice, settings.Engine.Slice);
        using var system = ActorSystem.Create("shared", akka);
        using var materializer = system.Materializer();

        var texts = new List<string>();
        for (var life = 0; life < 2; life++)
        {
            await using var engine = await StartAsync();
            var text = await EngineRig.GenerateAsync(engine, materializer, "The rabbit", maxTokens: 8, CancellationToken.None);
            Assert.Same(system, engine.System);
            texts.Add(text.Text);
        }

        Assert.Equal(texts[0], texts[1]);
        Assert.False(system.WhenTerminated.IsCompleted);
        Assert.Equal(7, await lane.Post(_ => 7));

        Task<CaptionEngine> StartAsync() =>
            CaptionEngine.StartAsync(system, checkpoint, settings, akka, readsMedia: false, new EngineDevice(lane, new LocalExpertsFactory()));
    }

    [Fact]
    public async Task An_engine_that_cannot_start_leaves_the_device_to_others()
    {
        var (settings, akka) = EngineRig.Bind("pipeline.decoder.kv-bytes = 1");
        using var checkpoint = Checkpoint.Open(EngineRig.ModelFolder);
        await using var lane = await DeviceLane.StartAsync(EngineRig.CreateDevice, settings.Engine.Slice);

        var refusal = await Assert.ThrowsAnyAsync<PipelineException>(() =>
            CaptionEngine.StartAsync(system: null, checkpoint, settings, akka, readsMedia: false, new EngineDevice(lane, new LocalExpertsFactory())));

        Assert.Contains("kv-bytes", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(7, await lane.Post(_ => 7));
    }
}
