using System.Net;
using System.Runtime.InteropServices;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// The system calls of Linux that the runtime keeps to itself: epoll, and sockets by their descriptors. Calls that can fail answer a
/// negative error number then. None of them waits but <see cref="Wait"/>. Source: the manual pages of section 2 and
/// <c>asm-generic</c>'s numbers, which are the same on x64 and arm64.
/// </summary>
internal static unsafe partial class Linux
{
    public const int Again = 11;

    public const int ReadReady = 0x1;
    public const int WriteReady = 0x4;

    /// <summary>The connection broke, or both sides have closed it; told whether it is asked for or not.</summary>
    public const int Broken = 0x8 | 0x10;

    /// <summary>The other side sends no more.</summary>
    public const int PeerClosed = 0x2000;

    /// <summary>Changes are told once.</summary>
    public const int EdgeTriggered = 1 << 31;

    /// <summary>Room for any address of IPv4 or IPv6.</summary>
    public const int AddressBytes = 28;

    private const int Interrupted = 4;
    private const int OutOfMemory = 12;
    private const int TableFull = 23;
    private const int TooManyFiles = 24;
    private const int NoBuffers = 105;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int AddToSet = 1;
    private const int RemoveFromSet = 2;
    private const int ChangeInSet = 3;

    // MSG_DONTWAIT: a full socket is an answer, not a wait. MSG_NOSIGNAL: so is a client that left.
    private const int SendFlags = 0x40 | 0x4000;
    private const int ReceiveFlags = 0x40;

    // TCP throws the bytes away in the kernel where MSG_TRUNC is given.
    private const int DiscardFlags = 0x40 | 0x20;

    private const int SocketLevel = 1;
    private const int SendBufferOption = 7;
    private const int LingerOption = 13;

    /// <summary>True for errors of accept that pass when something else is closed: trying again at once would only burn CPU.</summary>
    public static bool IsExhaustion(int error) => -error is OutOfMemory or TableFull or TooManyFiles or NoBuffers;

    public static int NewSet() => Checked(epoll_create1(CloseOnExec));

    public static int NewSignal() => Checked(eventfd(0, CloseOnExec | NonBlocking));

    /// <summary>Two sockets that are connected to each other.</summary>
    public static (int First, int Second) NewPair()
    {
        const int Unix = 1;
        const int Stream = 1;
        var pair = stackalloc int[2];
        Checked(socketpair(Unix, Stream | CloseOnExec | NonBlocking, 0, pair));
        return (pair[0], pair[1]);
    }

    public static void Add(int set, int descriptor, int events, ulong data) => Control(set, AddToSet, descriptor, events, data);

    /// <summary>What is true already is told again.</summary>
    public static void Change(int set, int descriptor, int events, ulong data) => Control(set, ChangeInSet, descriptor, events, data);

    public static void Remove(int set, int descriptor) => Control(set, RemoveFromSet, descriptor, 0, 0);

    /// <summary>Waits for events of the set and writes them to <paramref name="into"/>; how many there are.</summary>
    /// <param name="set">Of <see cref="NewSet"/>.</param>
    /// <param name="into">Overwritten from its start.</param>
    /// <param name="timeoutMs">0: only looks; -1: waits without limit.</param>
    public static int Wait(int set, Span<SocketEvent> into, int timeoutMs)
    {
        // The kernel packs its struct on x64 only; elsewhere the data is aligned to eight bytes.
        var size = IsPacked ? 12 : 16;
        var raw = stackalloc byte[into.Length * size];
        var count = epoll_wait(set, raw, into.Length, timeoutMs);
        for (var i = 0; i < count; i++)
        {
            var at = raw + (i * size);
            into[i] = new SocketEvent(*(int*)at, *(ulong*)(at + (size - sizeof(ulong))));
        }

        return Math.Max(count, 0);
    }

    public static void Signal(int signal)
    {
        ulong one = 1;
        _ = write(signal, &one, sizeof(ulong));
    }

    public static void ClearSignal(int signal)
    {
        ulong count;
        _ = read(signal, &count, sizeof(ulong));
    }

    /// <summary>A connection of a listening socket, not blocking; <paramref name="length"/> is what its address takes.</summary>
    public static int Accept(int listener, Span<byte> address, out int length)
    {
        var size = address.Length;
        long result;
        do
        {
            fixed (byte* bytes = address) result = accept4(listener, bytes, &size, CloseOnExec | NonBlocking);
        }
        while (IsInterrupted(ref result));

        length = size;
        return (int)result;
    }

    /// <summary>Writes the address that a connection came to; its length.</summary>
    public static int LocalAddress(int socket, Span<byte> into)
    {
        var size = into.Length;
        fixed (byte* bytes = into) return getsockname(socket, bytes, &size) < 0 ? -Marshal.GetLastPInvokeError() : size;
    }

    /// <summary>An address as the kernel writes it, of the same family as <paramref name="like"/>.</summary>
    public static IPEndPoint EndPointOf(EndPoint like, ReadOnlySpan<byte> address)
    {
        var native = new SocketAddress(like.AddressFamily, address.Length);
        address.CopyTo(native.Buffer.Span);
        return (IPEndPoint)like.Create(native);
    }

    /// <summary>Bytes received; 0 where the other side sends no more.</summary>
    public static int Receive(int socket, Span<byte> into)
    {
        long result;
        do
        {
            fixed (byte* bytes = into) result = recv(socket, bytes, into.Length, ReceiveFlags);
        }
        while (IsInterrupted(ref result));

        return (int)result;
    }

    /// <summary>Throws away up to <paramref name="count"/> received bytes: how many; 0 where the other side sends no more.</summary>
    public static int Discard(int socket, int count)
    {
        long result;
        do
        {
            result = recv(socket, null, count, DiscardFlags);
        }
        while (IsInterrupted(ref result));

        return (int)result;
    }

    /// <summary>Bytes that the socket took.</summary>
    public static int Send(int socket, ReadOnlySpan<byte> from)
    {
        long result;
        do
        {
            fixed (byte* bytes = from) result = send(socket, bytes, from.Length, SendFlags);
        }
        while (IsInterrupted(ref result));

        return (int)result;
    }

    public static void SetSendBuffer(int socket, int bytes) => _ = setsockopt(socket, SocketLevel, SendBufferOption, &bytes, sizeof(int));

    /// <summary>Closing now throws away what is not acknowledged, and tells the other side by a reset.</summary>
    public static void ResetOnClose(int socket)
    {
        var linger = stackalloc int[] { 1, 0 };
        _ = setsockopt(socket, SocketLevel, LingerOption, linger, 2 * sizeof(int));
    }

    public static void ShutdownSending(int socket) => _ = shutdown(socket, 1);

    public static void ShutdownBoth(int socket) => _ = shutdown(socket, 2);

    public static void Close(int descriptor) => _ = close(descriptor);

    private static bool IsPacked => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    private static void Control(int set, int operation, int descriptor, int events, ulong data)
    {
        var raw = stackalloc byte[16];
        *(int*)raw = events;
        *(ulong*)(raw + (IsPacked ? 4 : 8)) = data;
        _ = epoll_ctl(set, operation, descriptor, raw);
    }

    private static bool IsInterrupted(ref long result)
    {
        if (result >= 0) return false;
        result = -Marshal.GetLastPInvokeError();
        return result == -Interrupted;
    }

    private static int Checked(int result) =>
        result >= 0 ? result : throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int set, int operation, int descriptor, byte* change);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int set, byte* events, int count, int timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc")]
    private static partial nint read(int descriptor, void* into, nint count);

    [LibraryImport("libc")]
    private static partial nint write(int descriptor, void* from, nint count);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(int listener, byte* address, int* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockname(int socket, byte* address, int* length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(int socket, byte* into, nint count, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int socket, byte* from, nint count, int flags);

    [LibraryImport("libc")]
    private static partial int setsockopt(int socket, int level, int option, void* value, int length);

    [LibraryImport("libc")]
    private static partial int shutdown(int socket, int how);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}

/// <summary>What happened to a socket of a set.</summary>
/// <param name="Events">Flags of <see cref="Linux"/>.</param>
/// <param name="Data">What it was added with.</param>
internal readonly record struct SocketEvent(int Events, ulong Data)
{
    /// <summary>The other side closed its side of the connection, or all of it.</summary>
    public bool IsLeaving => (Events & (Linux.PeerClosed | Linux.Broken)) != 0;

    public bool IsReadable => (Events & ~Linux.WriteReady) != 0;

    public bool IsWritable => (Events & (Linux.WriteReady | Linux.Broken)) != 0;
}
