using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Pipeline.Kernels;

/// <summary>Host-side checks of operations' arguments; each failure names the operation and the handle.</summary>
internal static class Check
{
    /// <summary>The handle as this device's own.</summary>
    public static T Own<T>(string operation, object handle)
        where T : class =>
        handle as T ?? throw new ArgumentException($"{operation}: {handle.GetType().Name} belongs to another device.", nameof(handle));

    /// <summary>At least <paramref name="rows"/> rows of exactly <paramref name="columns"/>.</summary>
    public static void Buffer(string operation, DeviceBuffer buffer, long rows, long columns)
    {
        if (rows < 0 || buffer.Rows < rows || buffer.Columns != columns)
        {
            Fail(operation, buffer.Name, $"is [{buffer.Rows}, {buffer.Columns}], at least [{rows}, {columns}] is needed");
        }
    }

    /// <summary>Exactly that shape, in <paramref name="parts"/> parts.</summary>
    public static void Weight(string operation, WeightSpec weight, long outputs, long inputs, int parts = 1)
    {
        if (weight.Outputs != outputs || weight.Inputs != inputs || weight.Parts.Count != parts)
        {
            Fail(
                operation,
                weight.Name,
                $"is {weight.Parts.Count} x [{weight.Outputs}, {weight.Inputs}], {parts} x [{outputs}, {inputs}] is needed");
        }
    }

    /// <summary>A weight whose rows are read one by one.</summary>
    public static void RowMajor(string operation, WeightSpec weight)
    {
        That(weight.Orientation == WeightOrientation.OutputsByInputs, operation, weight.Name, "must lie as [outputs, inputs]");
        That(weight.Quantization == Quantization.None, operation, weight.Name, "must not be quantized");
    }

    public static void Rows(string operation, string name, long rows, long capacity)
    {
        if (rows < 0 || rows > capacity)
        {
            Fail(operation, name, $"holds {capacity} rows, {rows} are needed");
        }
    }

    public static void That([DoesNotReturnIf(false)] bool condition, string operation, string name, string what)
    {
        if (!condition)
        {
            Fail(operation, name, what);
        }
    }

    /// <summary>As above, with a text that is formatted only when the condition fails: these checks run at every step.</summary>
    public static void That(
        [DoesNotReturnIf(false)] bool condition,
        string operation,
        string name,
        [InterpolatedStringHandlerArgument(nameof(condition))] ref CheckMessage what)
    {
        if (!condition)
        {
            Fail(operation, name, what.ToStringAndClear());
        }
    }

    [DoesNotReturn]
    private static void Fail(string operation, string name, string what) =>
        throw new ArgumentException($"{operation}: {name} {what}.", name);
}

/// <summary>The text of a failed check; nothing is formatted, or allocated, where the check holds.</summary>
[InterpolatedStringHandler]
internal ref struct CheckMessage
{
    private DefaultInterpolatedStringHandler _text;

    public CheckMessage(int literalLength, int formattedCount, bool condition, out bool failed)
    {
        failed = !condition;
        _text = failed ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string value) => _text.AppendLiteral(value);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string ToStringAndClear() => _text.ToStringAndClear();
}
