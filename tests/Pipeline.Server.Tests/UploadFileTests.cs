namespace Pipeline.Server.Tests;

public sealed class UploadFileTests
{
    [Fact]
    public async Task A_sweep_takes_what_a_killed_process_left_and_nothing_that_is_in_use()
    {
        var left = Path.Join(Path.GetTempPath(), "pipeline-upload-left");
        await File.WriteAllTextAsync(left, "half of a film");
        await using var upload = await UploadFile.ReceiveAsync(new MemoryStream([1, 2, 3]), CancellationToken.None);

        UploadFile.Sweep();

        Assert.False(File.Exists(left));
        Assert.Equal([1, 2, 3], await File.ReadAllBytesAsync(upload.Path));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(upload.Path) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Fact]
    public async Task A_body_that_breaks_off_leaves_nothing()
    {
        await Assert.ThrowsAsync<EndOfStreamException>(() => UploadFile.ReceiveAsync(new BrokenStream(), CancellationToken.None));

        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "pipeline-upload-*"));
    }

    private sealed class BrokenStream : MemoryStream
    {
        private bool _read;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_read)
            {
                throw new EndOfStreamException();
            }

            _read = true;
            return ValueTask.FromResult(buffer.Length);
        }
    }
}
