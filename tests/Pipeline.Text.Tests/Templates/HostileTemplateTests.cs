using System.Text.Json.Nodes;
using CsCheck;

namespace Pipeline.Text.Tests;

/// <summary>A template is data from the internet: whatever it holds, it ends soon, in little memory, with a message.</summary>
public sealed class HostileTemplateTests
{
    [Theory]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}")]
    [InlineData("{% macro m() %}{% call m() %}{% endcall %}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m() %}{{ caller() }}{% endmacro %}{% macro r() %}{% call m() %}{{ r() }}{% endcall %}{% endmacro %}{{ r() }}")]
    [InlineData("{{ range(10**9) }}")]
    [InlineData("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")]
    [InlineData("{{ 'a' * 10**9 }}")]
    [InlineData("{{ [1] * 10**9 }}")]
    [InlineData("{{ [] * 10**30 }}{{ '' * 10**30 }}{{ 'a' * 10**30 }}")]
    [InlineData("{{ 10 ** (10 ** 10) }}")]
    [InlineData("{{ (2 ** 1000) * (2 ** 1000) }}")]
    [InlineData("{{ 'x'.center(10**9) }}")]
    [InlineData("{{ 'x'.ljust(10**9, 'ab') }}")]
    [InlineData("{{ '7'.zfill(10**9) }}")]
    [InlineData("{{ '%999999999d' % 1 }}")]
    [InlineData("{{ '%.999999999f' % 1.5 }}")]
    [InlineData("{{ '{:>999999999}'.format(1) }}")]
    [InlineData("{{ '{:99999999999999999999}'.format(1) }}")]
    [InlineData("{{ 'a\nb' | indent(10**9) }}")]
    [InlineData("{{ [1] | batch(10**9, 'x') | list }}")]
    [InlineData("{{ [1] | slice(10**9, 'x') | list }}")]
    [InlineData("{{ [1] | tojson(indent=10**9) }}")]
    [InlineData("{% set ns = namespace(s='aaaaaaaaaaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s='ab') %}{% for i in range(100) %}{% set ns.s = ns.s.replace('a', ns.s) %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s='ab') %}{% for i in range(100) %}{% set ns.s = ns.s | replace('', ns.s) %}{% endfor %}")]
    [InlineData("{% set ns = namespace(s='ab') %}{% for i in range(100) %}{% set ns.s = ns.s.join(ns.s) %}{% endfor %}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x={}) %}{% for i in range(100) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}{{ ns.x | tojson }}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% for i in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}")]
    [InlineData("{% set ns = namespace(x=[1]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}")]
    [InlineData("{% set ns = namespace(n=7) %}{% for i in range(100) %}{% set ns.n = ns.n * ns.n %}{% endfor %}")]
    [InlineData("{% for i in range(99999) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}{% endfor %}")]
    [InlineData("{% set s = 'a' * 4000000 %}{% for i in range(99999) %}{% if 'b' in s %}{% endif %}{% endfor %}")]
    [InlineData("{% set s = 'a' * 4000000 %}{% for i in range(99999) %}{% set x = s | length %}{% endfor %}")]
    [InlineData("{% set s = 'a' * 4000000 %}{% for i in range(99999) %}{% set x = s == s ~ 'b' %}{% endfor %}")]
    [InlineData("{% set l = range(99999) | list %}{% for i in range(99999) %}{% if -1 in l %}{% endif %}{% endfor %}")]
    [InlineData("{% set l = range(99999) | list %}{% for i in range(99999) %}{% set x = l | sort %}{% endfor %}")]
    [InlineData("{% set s = ('a,' * 2000000).split(',') %}{% set s2 = ('a,' * 2000000).split(',') %}{% for i in range(99) %}{% set x = s | sort %}{% endfor %}")]
    public void BeyondABound_IsRefusedByName(string template)
    {
        var failure = Assert.Throws<PipelineException>(() => TemplateRendering.Text(template));
        Assert.Equal("text.template.limit", failure.Code);
        Assert.StartsWith("t:", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", ")", "1")]
    [InlineData("[", "]", "1")]
    [InlineData("{'a':", "}", "1")]
    [InlineData("not ", "", "1")]
    [InlineData("-", "", "1")]
    [InlineData("a[", "]", "0")]
    [InlineData("range(", ")", "0")]
    [InlineData("1 if 1 else ", "", "1")]
    [InlineData("x is eq ", "", "1")]
    [InlineData("1|default(", ")", "1")]
    public void DeepNesting_IsRefused_WhereverItIs(string open, string close, string core)
    {
        const int Depth = 100_000;
        var expression = string.Concat(Enumerable.Repeat(open, Depth)) + core + string.Concat(Enumerable.Repeat(close, Depth));
        var template = "{{ " + expression + " }}";
        Assert.StartsWith("text.template.", Assert.Throws<PipelineException>(() => TemplateRendering.Text(template)).Code, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{% if 1 %}", "{% endif %}")]
    [InlineData("{% for x in [1] %}", "{% endfor %}")]
    [InlineData("{% set x %}", "{% endset %}")]
    [InlineData("{% with %}", "{% endwith %}")]
    [InlineData("{% macro m() %}", "{% endmacro %}")]
    public void DeepStatements_AreRefused(string open, string close)
    {
        const int Depth = 20_000;
        var template = string.Concat(Enumerable.Repeat(open, Depth)) + string.Concat(Enumerable.Repeat(close, Depth));
        Assert.Equal("text.template.limit", Assert.Throws<PipelineException>(() => TemplateRendering.Text(template)).Code);
    }

    [Theory]
    [InlineData("+1")]
    [InlineData(" and 1")]
    [InlineData(".x")]
    [InlineData("|string")]
    [InlineData("[0]")]
    [InlineData("**1")]
    public void LongChains_AreRefused_ThoughTheyNeedNoBrackets(string link)
    {
        var template = "{{ 1" + string.Concat(Enumerable.Repeat(link, 100_000)) + " }}";
        Assert.Equal("text.template.limit", Assert.Throws<PipelineException>(() => TemplateRendering.Text(template)).Code);
    }

    /// <summary>The bounds on depth are for threads of the usual stack; on a smaller one its end is seen in time.</summary>
    [Theory]
    [InlineData("{% macro m() %}{{ ((((m() + 'a') * 1))) }}{% endmacro %}{{ m() }}")]
    [InlineData("{% macro m(n) %}{% if n %}{% for x in [1] %}{{ m(n) | upper | trim }}{% endfor %}{% endif %}{% endmacro %}{{ m(1) }}")]
    [InlineData("{% set ns = namespace(x=[]) %}{% for i in range(127) %}{% set ns.x = [ns.x] %}{% endfor %}{{ (ns.x ~ ns.x | tojson) and ns.x == [ns.x] }}{{ range(10**9) }}")]
    public void ASmallStack_IsNotOverflowed(string template)
    {
        string? code = null;
        var thread = new Thread(() => code = Assert.Throws<PipelineException>(() => TemplateRendering.Text(template)).Code, maxStackSize: 256 * 1024);
        thread.Start();
        thread.Join();
        Assert.Equal("text.template.limit", code);
    }

    [Fact]
    public void ASmallStack_IsNotOverflowedByTheParser()
    {
        string? code = null;
        var template = "{{ " + new string('(', 5_000) + "1" + new string(')', 5_000) + " }}";
        var thread = new Thread(() => code = Assert.Throws<PipelineException>(() => TemplateRendering.Text(template)).Code, maxStackSize: 192 * 1024);
        thread.Start();
        thread.Join();
        Assert.Equal("text.template.limit", code);
    }

    [Theory]
    [InlineData("{% set s = ('a' * 4000000) | list %}{% set t = ('a' * 4000000) | list %}")]
    [InlineData("{% set s = ('a ' * 2000000).split() %}{% set t = ('a ' * 2000000).split() %}")]
    [InlineData("{% set l = range(99999) | map('batch', 1) | list %}{% set m = range(99999) | map('string') | map('list') | list %}{% for i in range(99) %}{% set ns = namespace(a=range(99999)) %}{% endfor %}")]
    public void WhatATemplateKeeps_IsBounded(string template)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<PipelineException>(() => TemplateRendering.Text(template));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1L << 30);
    }

    [Fact]
    public void AHugeTemplate_IsRefused() => Assert.Equal(
        "text.template.limit", Assert.Throws<PipelineException>(() => ChatTemplate.Parse(new string('x', 2_000_000), "t")).Code);

    [Fact]
    public void DeepJson_IsRefused()
    {
        JsonNode node = new JsonArray();
        for (var i = 0; i < 10_000; i++)
        {
            node = new JsonArray(node);
        }

        var failure = Assert.Throws<PipelineException>(() => ChatTemplate.Parse("{{ messages }}", "t").Render([node], TemplateRendering.Options));
        Assert.Equal("text.template.limit", failure.Code);
    }

    [Fact]
    public void ALongConversation_IsNotRefused()
    {
        var messages = new JsonArray([.. Enumerable.Range(0, 5_000).Select(i => new JsonObject
        {
            ["role"] = i % 2 == 0 ? "user" : "assistant",
            ["content"] = new string('x', 2_000),
        })]);
        const string Template = """
            {%- for message in messages %}
            {%- if loop.index0 == messages | length - 1 %}{{ '!' }}{% endif %}
            {{- '<|' + message.role + '|>' + message['content'] | trim + '<|end|>' }}
            {%- endfor %}
            """;
        var text = ChatTemplate.Parse(Template, "t").Render(messages, TemplateRendering.Options);
        Assert.Equal(1 + (5_000 * 2_007) + (2_500 * ("<|user|>".Length + "<|assistant|>".Length)), text.Length);
    }

    /// <summary>Pieces of the language in any order: only ever a text or a PipelineException, and soon.</summary>
    [Fact]
    public void Garbage_GivesATextOrAPipelineException()
    {
        string[] pieces =
        [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "+", " ", "\n", "if ", "for ", "in ", "set ", "endif", "endfor", "else", "elif ", "macro ",
            "endmacro", "call ", "endcall", "raw", "endraw", "x", "messages", "loop", "(", ")", "[", "]", "{", "}", ",", ":", ".", "|", "~", "*", "**",
            "/", "//", "%", "==", "<", "=", "'a'", "\"", "'", "1", "2.5", "is ", "not ", "and ", "or ", "defined", "namespace", "range", "upper", "tojson",
            "join", "map", "sort", "split", "format", "items", "\\", "é", "😀", "\0", "\uD800", "1e999", "99999999999999999999",
        ];
        AnyOf(pieces).Array[0, 40].Select(string.Concat).Sample(Try, iter: 30_000);
    }

    /// <summary>The same inside one tag, where more of it is grammar.</summary>
    [Fact]
    public void GarbageExpressions_GiveATextOrAPipelineException()
    {
        string[] atoms = ["x", "d", "l", "1", "0", "-7", "2.5", "'a b'", "''", "none", "true", "[1, 'a']", "{'k': 1}", "(1, 2)", "nope", "range(3)", "10**300"];
        string[] links =
        [
            " + ", " - ", " * ", " / ", " // ", " % ", " ** ", " ~ ", " == ", " < ", " in ", " not in ", " and ", " or ", " if ", "|join(", "|default(",
            "|round(", "|int(", "|batch(", "|truncate(", "|replace('a', ", "|indent(", "|sort(", "|map('upper', ", "|select('eq', ", ".split(", ".center(",
            ".format(", "[", "[1:", "[::", " is divisibleby(", " is in(", "|tojson(indent=", "|dictsort(", "|slice(", "|sum(start=", "|groupby(", ".find('a', ",
        ];
        Gen.Select(AnyOf(atoms), Gen.Select(AnyOf(links), AnyOf(atoms)).Array[0, 4])
            .Select((first, rest) => "{{ " + first + string.Concat(rest.Select(link => link.Item1 + link.Item2 + Close(link.Item1))) + " }}")
            .Sample(Try, iter: 30_000);
    }

    private static Gen<string> AnyOf(string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static string Close(string link) => link.Contains('[', StringComparison.Ordinal) ? "]" : link.Contains('(', StringComparison.Ordinal) ? ")" : "";

    private static void Try(string template)
    {
        try
        {
            TemplateRendering.Text(template, """{"x": "Ab", "d": {"a": [1, null]}, "l": [3, "b", 1.5]}""");
        }
        catch (PipelineException expected)
        {
            Assert.StartsWith("text.template.", expected.Code, StringComparison.Ordinal);
        }
    }
}
