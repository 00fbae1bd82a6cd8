namespace Pipeline.Model;

/// <summary>Hoare's selection (Communications of the ACM 4, 1961): the n-th smallest value in linear time on average.</summary>
internal static class QuickSelect
{
    /// <summary>The value that would stand at <paramref name="n"/> if the span were sorted; reorders the span.</summary>
    public static ulong Nth(Span<ulong> values, int n)
    {
        var (low, high) = (0, values.Length - 1);
        while (low < high)
        {
            var pivot = values[low + ((high - low) / 2)];
            var (i, j) = (low, high);
            while (i <= j)
            {
                while (values[i] < pivot)
                {
                    i++;
                }

                while (values[j] > pivot)
                {
                    j--;
                }

                if (i <= j)
                {
                    (values[i], values[j]) = (values[j], values[i]);
                    i++;
                    j--;
                }
            }

            if (n <= j)
            {
                high = j;
            }
            else if (n >= i)
            {
                low = i;
            }
            else
            {
                break;
            }
        }

        return values[n];
    }
}
