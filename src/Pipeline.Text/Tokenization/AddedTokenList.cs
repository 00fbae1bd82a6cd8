using System.Text;

namespace Pipeline.Text;

/// <summary>Puts the ordinary and the added tokens of a checkpoint's files together, and checks that they agree.</summary>
internal static class AddedTokenList
{
    /// <summary>
    /// The added tokens of tokenizer.json, and those that only tokenizer_config.json has. One that is named (eos_token)
    /// is special even where its flag is missing, so that no user can spell it.
    /// </summary>
    /// <exception cref="PipelineException">One id has two contents, or one content two ids.</exception>
    public static IReadOnlyList<AddedToken> Merge(TokenizerDefinition definition, TokenizerConfig config)
    {
        var byId = new Dictionary<int, AddedToken>();
        var byContent = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        var named = config.Names.Values.ToHashSet(StringComparer.Ordinal);
        foreach (var read in definition.Added.Concat(config.Added))
        {
            var token = read with { Special = read.Special || named.Contains(read.Content) };
            if (byId.TryGetValue(token.Id, out var same) && same.Content != token.Content)
            {
                throw TokenizerErrors.Invalid(definition.File, $"id {token.Id} is both \"{same.Content}\" and \"{token.Content}\"");
            }

            if (byContent.TryGetValue(token.Content, out var other) && other.Id != token.Id)
            {
                throw TokenizerErrors.Invalid(definition.File, $"\"{token.Content}\" has the ids {other.Id} and {token.Id}");
            }

            byId.TryAdd(token.Id, token);
            byContent.TryAdd(token.Content, token);
        }

        return [.. byId.Values];
    }

    /// <exception cref="PipelineException">An id has no token, or an added token contradicts the vocabulary.</exception>
    public static Vocabulary MakeVocabulary(TokenizerDefinition definition, IReadOnlyList<AddedToken> added)
    {
        var tokens = new Dictionary<int, byte[]>(definition.Tokens);
        foreach (var token in added)
        {
            var bytes = Encoding.UTF8.GetBytes(token.Content);
            if (!tokens.TryAdd(token.Id, bytes) && !tokens[token.Id].AsSpan().SequenceEqual(bytes))
            {
                throw TokenizerErrors.Invalid(
                    definition.File, $"id {token.Id} is \"{token.Content}\" in the added tokens and another token in the vocabulary");
            }
        }

        for (var id = 0; id < tokens.Count; id++)
        {
            if (!tokens.ContainsKey(id))
            {
                throw TokenizerErrors.Invalid(definition.File, $"no token has id {id}, but one has id {tokens.Keys.Max()}: a hole");
            }
        }

        var special = added.Where(token => token.Special).Select(token => token.Id).ToHashSet();
        if (definition.Merges.Results.FirstOrDefault(special.Contains, -1) is >= 0 and var made)
        {
            throw TokenizerErrors.Invalid(definition.File, $"the merges make the special token {made}, which only a template may write");
        }

        return new([.. Enumerable.Range(0, tokens.Count).Select(id => tokens[id])], definition.Tokens.Keys.Except(special), definition.File);
    }
}
