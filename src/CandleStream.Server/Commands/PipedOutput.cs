using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CandleStream.Server.Commands;

/// <summary>
/// Standard output for lines that somebody may stop to read. The framework's own takes a broken pipe for a place where text may vanish;
/// this one fails there, and can tell while nothing is written.
/// </summary>
internal sealed partial class PipedOutput : IAsyncDisposable
{
    private const int StandardOutput = 1;

    // POLLERR: a pipe's other end is closed. It is reported whatever is asked for.
    private const short Broken = 8;

    private readonly Stream _stream = OperatingSystem.IsWindows()
        ? Console.OpenStandardOutput()
        : new FileStream(new SafeFileHandle(StandardOutput, ownsHandle: false), FileAccess.Write, bufferSize: 0);

    private readonly Lock _gate = new();
    private volatile bool _isGone;

    // Guarded by _gate.
    private bool _isDisposed;

    /// <summary>True when nobody reads any more.</summary>
    public bool IsGone => _isGone;

    /// <summary>
    /// Calls back once when nobody reads any more, and never after this is disposed; from a thread of its own, which waits for nothing
    /// else. Linux only: elsewhere the next line tells.
    /// </summary>
    public void WhenGone(Action act)
    {
        if (!OperatingSystem.IsLinux()) return;
        new Thread(() => WaitUntilGone(act)) { IsBackground = true, Name = "standard output" }.Start();
    }

    private void WaitUntilGone(Action act)
    {
        var watched = new Watched { Descriptor = StandardOutput };
        while (Poll(ref watched, 1, -1) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted) return;
        }

        if ((watched.Found & Broken) == 0) return;
        // A line that failed may have told it already, and ended everything that is acted on.
        lock (_gate)
        {
            if (_isDisposed) return;
            _isGone = true;
            act();
        }
    }

    /// <summary>One candle, one line: it leaves at once.</summary>
    /// <exception cref="IOException">Nobody reads any more (<see cref="IsGone"/>), or the disk is full.</exception>
    public void Write(CandleUpdate update)
    {
        // The object begins with the series, which its symbol and timeframe make up.
        byte[] line = [.. "{\"series\":\""u8, .. System.Text.Encoding.UTF8.GetBytes(update.Series.ToString()), .. "\","u8,
            .. update.Json.Span[1..], (byte)'\n'];
        try
        {
            _stream.Write(line);
        }
        catch (IOException failure) when (failure.HResult == BrokenPipe)
        {
            _isGone = true;
            throw;
        }
    }

    public ValueTask DisposeAsync()
    {
        lock (_gate) _isDisposed = true;
        return _stream.DisposeAsync();
    }

    // EINTR and EPIPE.
    private const int Interrupted = 4;
    private const int BrokenPipe = 32;

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref Watched watched, nuint count, int timeoutMs);

    [StructLayout(LayoutKind.Sequential)]
    private struct Watched
    {
        public int Descriptor;
        public short Wanted;
        public short Found;
    }
}
