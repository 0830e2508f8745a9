using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace CandleStream.EndToEndTests.Attacks;

/// <summary>A socket that says whatever it likes, and reads the head of what is answered.</summary>
internal sealed class RawHttp : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<RawHttp> ConnectAsync(Uri server)
    {
        var client = new RawHttp();
        await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Port), Cancel);
        return client;
    }

    /// <summary>
    /// Sends a whole request on a connection of its own; the head of the answer, empty where the server hung up without a word.
    /// </summary>
    public static async Task<RawAnswer> AskAsync(Uri server, string request)
    {
        using var client = await ConnectAsync(server);
        await client.SendAsync(request);
        return await client.ReadHeadAsync();
    }

    /// <summary>Sends what the server takes: one that has heard enough may hang up in the middle.</summary>
    public async Task SendAsync(string text)
    {
        try
        {
            await _socket.SendAsync(Encoding.Latin1.GetBytes(text), Cancel);
        }
        catch (SocketException)
        {
            // What it said before that is still to be read.
        }
    }

    public async Task<RawAnswer> ReadHeadAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            var read = await ReadAsync(buffer);
            if (read == 0) break;
            text.Append(Encoding.Latin1.GetString(buffer, 0, read));
        }

        return new RawAnswer(text.ToString());
    }

    /// <summary>Reads until the server closes.</summary>
    public async Task ReadToEndAsync()
    {
        var buffer = new byte[4096];
        while (await ReadAsync(buffer) > 0)
        {
        }
    }

    /// <summary>Breaks off without a goodbye.</summary>
    public void Abort()
    {
        _socket.LingerState = new LingerOption(true, 0);
        _socket.Dispose();
    }

    /// <summary>
    /// From now on the kernel drops every segment for this socket, so that nothing is acknowledged: to the server it is as if the machine
    /// had lost its network.
    /// </summary>
    public void Vanish()
    {
        // <linux/filter.h>: a program of one instruction, "return 0" (keep no byte), attached by SO_ATTACH_FILTER.
        const int SolSocket = 1, SoAttachFilter = 26;
        var program = Marshal.AllocHGlobal(8);
        try
        {
            Marshal.WriteInt64(program, 0x06);
            var filter = new byte[16];
            BinaryPrimitives.WriteInt16LittleEndian(filter, 1);
            BinaryPrimitives.WriteInt64LittleEndian(filter.AsSpan(8), program);
            _socket.SetRawSocketOption(SolSocket, SoAttachFilter, filter);
        }
        finally
        {
            Marshal.FreeHGlobal(program);
        }
    }

    public void Dispose() => _socket.Dispose();

    private async Task<int> ReadAsync(byte[] buffer)
    {
        try
        {
            return await _socket.ReceiveAsync(buffer, Cancel);
        }
        catch (SocketException)
        {
            return 0;
        }
    }
}

/// <summary>The head of an answer.</summary>
internal sealed record RawAnswer(string Text)
{
    /// <summary>0 where nothing was answered.</summary>
    public int Status => Text.Length == 0 ? 0 : int.Parse(Text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

    public bool Has(string header) => Text.Split("\r\n\r\n")[0].Contains($"\r\n{header}:", StringComparison.OrdinalIgnoreCase);
}
