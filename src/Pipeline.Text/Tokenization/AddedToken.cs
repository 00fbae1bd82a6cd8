namespace Pipeline.Text;

/// <summary>A token that is cut out of the text before it is split, with the flags of Hugging Face's tokenizer.json.</summary>
/// <param name="Special">Recognised in trusted characters only, and skipped on decoding.</param>
/// <param name="Normalized">Recognised after all tokens that are not, in what they left.</param>
/// <param name="LeftStrip">Takes the white space before it along.</param>
/// <param name="RightStrip">Takes the white space after it along.</param>
/// <param name="SingleWord">Recognised only where no word character touches it.</param>
internal sealed record AddedToken(
    int Id, string Content, bool Special, bool Normalized = false, bool LeftStrip = false, bool RightStrip = false, bool SingleWord = false);
