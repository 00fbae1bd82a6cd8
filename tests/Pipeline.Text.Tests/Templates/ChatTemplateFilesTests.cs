using System.Text.Json.Nodes;

namespace Pipeline.Text.Tests;

/// <summary>Which file a checkpoint's template is read from, and what is said where it can't be.</summary>
public sealed class ChatTemplateFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("chat-template-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheFirstFileWins()
    {
        Assert.Null(ChatTemplate.Load(_folder));
        Write("tokenizer_config.json", """{"bos_token": "<s>"}""");
        Assert.Null(ChatTemplate.Load(_folder));
        Write("tokenizer_config.json", """{"chat_template": "third"}""");
        Assert.Equal("third", Render());
        Write("chat_template.json", """{"chat_template": "second"}""");
        Assert.Equal("second", Render());
        Write("chat_template.jinja", "first");
        Assert.Equal("first", Render());
    }

    [Fact]
    public void NamedTemplates_AreChosenByTools()
    {
        Write("tokenizer_config.json", """{"chat_template": [{"name": "default", "template": "plain"}, {"name": "tool_use", "template": "tools"}]}""");
        Assert.Equal("plain", Render());
        Assert.Equal("tools", Render(TemplateRendering.Options with { Tools = [] }));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("""{"chat_template": 5}""")]
    [InlineData("""{"chat_template": [{"name": "default"}]}""")]
    [InlineData("""{"chat_template": [{"name": "a", "template": ""}, {"name": "a", "template": ""}]}""")]
    [InlineData("""{"chat_template": "x", "chat_template": "y"}""")]
    [InlineData("""{"chat_template": [null]}""")]
    public void ABrokenFile_IsNamed(string json)
    {
        Write("tokenizer_config.json", json);
        var failure = Assert.Throws<PipelineException>(() => ChatTemplate.Load(_folder));
        Assert.Equal("text.template.file", failure.Code);
        Assert.StartsWith("tokenizer_config.json: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_NameFileAndLine()
    {
        Write("chat_template.jinja", "a\nb{% if %}");
        Assert.StartsWith("chat_template.jinja:2: ", Assert.Throws<PipelineException>(() => ChatTemplate.Load(_folder)).Message, StringComparison.Ordinal);
        Write("chat_template.jinja", "a\n\n{% include 'x' %}");
        Assert.Equal(
            "chat_template.jinja:3: the tag 'include' is not supported",
            Assert.Throws<PipelineException>(() => ChatTemplate.Load(_folder)).Message);
        Write("chat_template.jinja", "{% for m in messages %}\n{{ 1\n + m.content | urlize }}{% endfor %}");
        Assert.Equal(
            "chat_template.jinja:3: the filter 'urlize' is not supported",
            Assert.Throws<PipelineException>(() => Render()).Message);
        Write("chat_template.jinja", "{{ raise_exception('Roles must alternate') }}");
        var raised = Assert.Throws<PipelineException>(() => Render());
        Assert.Equal(("text.template.raised", "Roles must alternate"), (raised.Code, raised.Message));
        Assert.Equal(FailureKind.Input, raised.Kind);
    }

    [Fact]
    public void OneTemplate_RendersOnSeveralThreadsAtOnce()
    {
        var template = ChatTemplate.Parse("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + m.n %}{% endfor %}{{ ns.n }}", "t");
        var texts = Enumerable.Range(0, 64).AsParallel().Select(i => (i, template.Render([new JsonObject { ["n"] = i }, new JsonObject { ["n"] = 1 }], TemplateRendering.Options).Text));
        Assert.All(texts, pair => Assert.Equal((pair.i + 1).ToString(), pair.Text));
    }

    private string Render(ChatTemplateOptions? options = null) =>
        ChatTemplate.Load(_folder)!.Render([new JsonObject { ["content"] = "x" }], options ?? TemplateRendering.Options).Text;

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
