using ILGPU;

namespace Pipeline.Kernels;

/// <summary>
/// Which kernel computes: by warps where rows are few and BF16 weights are all that is read, on the tensor cores where rows are
/// many, else the plain one. A device has only those that its hardware runs.
/// </summary>
public sealed partial class IlgpuDevice
{
    /// <summary>Most rows of a product that is bound by reading its weights, and of attention that is bound by reading keys.</summary>
    internal const int FewRows = 8;

    /// <param name="rounded">Whether this input was given to the tensor cores before; set once it was.</param>
    private void Multiply(
        ArrayView<float> input,
        int rows,
        ref bool rounded,
        IlgpuWeight weight,
        IlgpuWeight? gate,
        IlgpuWeight? bias,
        IlgpuBuffer? residual,
        Epilogue epilogue,
        ArrayView<float> output)
    {
        if (!FastKernels || _tiled is null || rows <= FewRows || !TiledProduct.Takes(weight) || (gate is not null && !TiledProduct.Takes(gate)))
        {
            MultiplyRows(input, rows, weight, gate, bias, residual, epilogue, output);
            return;
        }

        if (!rounded)
        {
            _tiled.SetInput(input, rows, weight);
            rounded = true;
        }

        // A residual may be the output itself, so sums that join it wait elsewhere.
        var count = (long)rows * weight.Spec.Outputs;
        var sums = epilogue == Epilogue.Residual ? _sums.Of(count) : output;
        var gates = gate is null ? _noFloats : _sums.Of(count);
        _tiled.Run(rows, weight, sums);
        if (gate is not null)
        {
            _tiled.Run(rows, gate, gates);
        }

        if (epilogue != Epilogue.None || bias is not null)
        {
            _runtime.Plain.Epilogues(
                _runtime.Stream,
                _runtime.Over(count),
                sums,
                gates,
                bias?.Vector ?? _noFloats,
                residual?.View ?? _noFloats,
                output,
                Shape(rows, weight, gate, bias, epilogue));
        }
    }

    /// <summary>A product in float32, however many rows.</summary>
    private void MultiplyRows(
        ArrayView<float> input,
        int rows,
        IlgpuWeight weight,
        IlgpuWeight? gate,
        IlgpuWeight? bias,
        IlgpuBuffer? residual,
        Epilogue epilogue,
        ArrayView<float> output)
    {
        if (rows == 0)
        {
            return;
        }

        var shape = Shape(rows, weight, gate, bias, epilogue);
        var (gates, added, kept) = (gate?.Words ?? _noWords, bias?.Vector ?? _noFloats, residual?.View ?? _noFloats);
        if (FastKernels && WarpKernels.Takes(weight) && (gate is null || WarpKernels.Takes(gate)))
        {
            _runtime.Warps!.Product(
                _runtime.Stream,
                _runtime.OverWarps((rows + DecodeKernels.Together - 1L) / DecodeKernels.Together * FourOutputs.Strips(weight.Spec.Outputs)),
                input.Cast<Floats4>(),
                weight.Words.Cast<Words4>(),
                gates.Cast<Words4>(),
                added,
                kept,
                output,
                shape);
        }
        else
        {
            _runtime.Plain.Product(
                _runtime.Stream, _runtime.Over((long)rows * weight.Spec.Outputs), input, weight.Words, gates, added, kept, output, shape);
        }
    }

    private void MultiplyExperts(
        ArrayView<float> input,
        IlgpuRouting routing,
        ExpertShape raise,
        ExpertShape lower,
        (IlgpuWeight Gate, IlgpuWeight Up, IlgpuWeight Down) weights,
        ArrayView<float> inner,
        ArrayView<float> output)
    {
        var (gate, up, down) = weights;
        var (inners, outputs) = ((long)raise.Assignments * up.Spec.Outputs, (long)lower.Assignments * down.Spec.Outputs);
        if (FastKernels && _tiled is not null && raise.Assignments > FewRows && TiledProduct.Takes(gate) && TiledProduct.Takes(up) && TiledProduct.Takes(down))
        {
            _tiled.SetGroups(routing.Experts, raise.Assignments, gate.Spec.Parts.Count);
            _tiled.SetInput(input, raise.Assignments / raise.Slots, gate);
            var gates = _sums.Of(inners);
            _tiled.RunGroups(raise.Slots, gate, gates);
            _tiled.RunGroups(raise.Slots, up, inner);
            _runtime.Plain.FinishGateUp(_runtime.Stream, _runtime.Over(inners), routing.Experts, routing.Scores, gates, inner, raise);
            _tiled.SetInput(inner, raise.Assignments, down);
            _tiled.RunGroups(1, down, output);
            if (lower.Scored != 0)
            {
                _runtime.Plain.FinishDown(_runtime.Stream, _runtime.Over(outputs), routing.Experts, routing.Scores, output, lower);
            }
        }
        else if (FastKernels && WarpKernels.Takes(gate) && WarpKernels.Takes(up) && WarpKernels.Takes(down))
        {
            _runtime.Warps!.GateUp(
                _runtime.Stream,
                _runtime.OverWarps((long)raise.Assignments * FourOutputs.Strips(up.Spec.Outputs)),
                input.Cast<Floats4>(),
                routing.Experts,
                routing.Scores,
                gate.Words.Cast<Words4>(),
                up.Words.Cast<Words4>(),
                inner,
                raise);
            _runtime.Warps.Down(
                _runtime.Stream,
                _runtime.OverWarps((long)lower.Assignments * FourOutputs.Strips(down.Spec.Outputs)),
                inner.Cast<Floats4>(),
                routing.Experts,
                routing.Scores,
                down.Words.Cast<Words4>(),
                output,
                lower);
        }
        else
        {
            _runtime.Plain.GateUp(
                _runtime.Stream, _runtime.Over(inners), input, routing.Experts, routing.Scores, gate.Words, up.Words, inner, raise);
            _runtime.Plain.Down(_runtime.Stream, _runtime.Over(outputs), inner, routing.Experts, routing.Scores, down.Words, output, lower);
        }
    }

    private static ProductShape Shape(int rows, IlgpuWeight weight, IlgpuWeight? gate, IlgpuWeight? bias, Epilogue epilogue) =>
        new(rows, weight.Spec.Inputs, weight.Shape, gate?.Shape ?? weight.Shape, (int)epilogue, bias is null ? 0 : 1);
}
