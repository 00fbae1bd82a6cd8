using System.Runtime.CompilerServices;

namespace Pipeline.Text;

/// <summary>
/// What one rendering may spend. A template is data from the internet: it may neither loop for ever, nor fill the memory, nor
/// overflow the stack. Work and text grow with the input, so that a long conversation is not refused for its length.
/// </summary>
internal sealed class TemplateLimits(long inputWeight)
{
    /// <summary>A template of a megabyte is a mistake; those that models ship have 1 to 30 kB.</summary>
    public const int SourceCharacters = 1 << 20;

    /// <summary>Brackets, statements and calls within each other: real templates have about ten.</summary>
    public const int ParseDepth = 100;

    /// <summary>Evaluations within each other, macro calls included; each needs a few hundred bytes of stack.</summary>
    public const int RunDepth = 600;

    /// <summary>Containers within containers: JSON readers stop at 64.</summary>
    public const int ValueDepth = 128;

    /// <summary>Units of <see cref="Value.Weight"/> in one value, counted with repetition, so that walking one is bounded.</summary>
    public const long ValueWeight = 1L << 23;

    /// <summary>Counts, widths and lengths given to functions; the sum of two still fits an int.</summary>
    public const int Argument = 1_000_000_000;

    /// <summary>What the sandbox of Jinja allows for range().</summary>
    public const int RangeItems = 100_000;

    /// <summary>Beyond the largest float (2^1024) a number in a prompt is a mistake.</summary>
    public const int IntegerBits = 1024;

    /// <summary>Units for making a small object of about a hundred bytes: what a template makes it may keep, so work bounds memory too.</summary>
    public const int ObjectCost = 8;

    /// <summary>Characters a unit of work copies or scans.</summary>
    public const int CharactersPerUnit = 16;

    /// <summary>About a second; templates of real models need some hundred units a message.</summary>
    private const long BaseWork = 10_000_000;

    /// <summary>Real templates touch a message three to ten times; joining the prompt piece by piece costs more.</summary>
    private const long WorkPerInput = 64;

    /// <summary>A prompt of a million tokens from a template with hardly any input is a mistake.</summary>
    private const long BaseCharacters = 1 << 22;

    /// <summary>Eight times the input: escapes of JSON, indentation, tools repeated.</summary>
    private const long CharactersPerInput = 8 * CharactersPerUnit;

    private readonly long _maxCharacters = Math.Min(BaseCharacters + (CharactersPerInput * inputWeight), int.MaxValue / 4);
    private long _work = BaseWork + (WorkPerInput * inputWeight);
    private int _depth;

    /// <summary>Spends work: one unit an evaluated node, an element, or sixteen characters.</summary>
    public void Charge(long units)
    {
        _work -= units;
        if (_work < 0)
        {
            throw TemplateException.Limit("the template does more work than any chat template needs (an endless loop?)");
        }
    }

    public void ChargeText(int characters) => Charge((characters / CharactersPerUnit) + 1);

    /// <summary>Refuses a text of this many characters before it is made.</summary>
    public void CheckLength(long characters)
    {
        if (characters > _maxCharacters)
        {
            throw TemplateException.Limit($"a text of {characters} characters is more than the {_maxCharacters} allowed for this input");
        }
    }

    /// <summary>Goes one evaluation deeper; <see cref="Leave"/> comes back.</summary>
    public void Enter()
    {
        if (++_depth > RunDepth || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw TemplateException.Limit("the template nests calls or expressions too deeply (endless recursion?)");
        }
    }

    public void Leave() => _depth--;
}
