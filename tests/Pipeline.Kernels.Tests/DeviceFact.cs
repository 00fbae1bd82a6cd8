using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace Pipeline.Kernels.Tests;

/// <summary>What a test class needs from the machine; without it all its device tests are reported as skipped, by name.</summary>
[AttributeUsage(AttributeTargets.Class)]
public abstract class NeedsAttribute : Attribute
{
    /// <summary>What this machine lacks, or null.</summary>
    public abstract string? Missing { get; }
}

/// <summary>The class runs on one instruction path.</summary>
public sealed class NeedsPathAttribute(InstructionPath path) : NeedsAttribute
{
    public override string? Missing => path.IsSupported() ? null : $"this processor has no {path}";
}

/// <summary>A fact that is skipped where its class needs what the machine lacks.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Pipeline.Kernels.Tests.DeviceFactDiscoverer", "Pipeline.Kernels.Tests")]
public sealed class DeviceFactAttribute : FactAttribute;

/// <summary>A theory that is skipped where its class needs what the machine lacks.</summary>
[AttributeUsage(AttributeTargets.Method)]
[XunitTestCaseDiscoverer("Pipeline.Kernels.Tests.DeviceTheoryDiscoverer", "Pipeline.Kernels.Tests")]
public sealed class DeviceTheoryAttribute : TheoryAttribute;

public sealed class DeviceFactDiscoverer(IMessageSink diagnostics) : FactDiscoverer(diagnostics)
{
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        SkippedTestCase.For(testMethod) is { } skipped ? [skipped] : base.Discover(discoveryOptions, testMethod, factAttribute);
}

public sealed class DeviceTheoryDiscoverer(IMessageSink diagnostics) : TheoryDiscoverer(diagnostics)
{
    public override IEnumerable<IXunitTestCase> Discover(
        ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo theoryAttribute) =>
        SkippedTestCase.For(testMethod) is { } skipped ? [skipped] : base.Discover(discoveryOptions, testMethod, theoryAttribute);
}

public sealed class SkippedTestCase : XunitTestCase
{
    /// <summary>For xunit, which makes test cases before it fills them in.</summary>
    [Obsolete("Called by the de-serializer only.")]
    public SkippedTestCase()
    {
    }

    private SkippedTestCase(ITestMethod method)
        : base(new NullMessageSink(), TestMethodDisplay.ClassAndMethod, TestMethodDisplayOptions.None, method)
    {
    }

    /// <summary>A case that is skipped, or null where the machine has all that the class needs.</summary>
    public static SkippedTestCase? For(ITestMethod method) => Missing(method) is null ? null : new SkippedTestCase(method);

    protected override string? GetSkipReason(IAttributeInfo factAttribute) => Missing(TestMethod);

    private static string? Missing(ITestMethod method) =>
        method.TestClass.Class.ToRuntimeType().GetCustomAttribute<NeedsAttribute>()?.Missing;
}
