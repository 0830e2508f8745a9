using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// Many sends with one system call: io_uring, used synchronously. Every send is tried once and never waits, so all have ended when
/// <see cref="Submit"/> returns. Belongs to the thread that made it. Source: the manual pages io_uring(7), io_uring_setup(2),
/// io_uring_enter(2), and linux/io_uring.h for the layouts.
/// </summary>
internal sealed unsafe partial class SocketRing : IDisposable
{
    // The same numbers on every architecture .NET runs on.
    private const int SetupCall = 425;
    private const int EnterCall = 426;

    // Submit all though one fails; one thread only; finish work when that thread asks (kernel 6.1).
    private const uint SetupFlags = (1 << 7) | (1 << 12) | (1 << 13);
    private const uint SingleMap = 1;
    private const uint GetEvents = 1;
    private const byte Send = 26;

    // MSG_DONTWAIT: a full socket is an answer, not a wait. MSG_NOSIGNAL: so is a client that left.
    private const uint MessageFlags = 0x40 | 0x4000;

    private const int ReadWrite = 3;
    private const int SharedPopulated = 0x8001;
    private const long SubmissionsOffset = 0x1000_0000;

    private const int Interrupted = 4;
    private const int Again = 11;
    private const int Busy = 16;

    private readonly int _ring;
    private readonly byte* _queues;
    private readonly nuint _queuesLength;
    private readonly Submission* _submissions;
    private readonly uint* _submissionTail;
    private readonly uint _submissionMask;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly uint _completionMask;
    private readonly Completion* _completions;
    private readonly int _size;

    private SocketRing(int ring, in Parameters parameters)
    {
        _ring = ring;
        _size = (int)parameters.SubmissionEntries;
        var (submission, completion) = (parameters.Submission, parameters.Completion);
        _queuesLength = Math.Max(submission.Seventh + (parameters.SubmissionEntries * sizeof(uint)),
            completion.Sixth + (parameters.CompletionEntries * (uint)sizeof(Completion)));
        _queues = Map(_queuesLength, 0);
        _submissions = (Submission*)Map(parameters.SubmissionEntries * (uint)sizeof(Submission), SubmissionsOffset);
        _submissionTail = (uint*)(_queues + submission.Tail);
        _submissionMask = *(uint*)(_queues + submission.Mask);
        _completionHead = (uint*)(_queues + completion.Head);
        _completionTail = (uint*)(_queues + completion.Tail);
        _completionMask = *(uint*)(_queues + completion.Mask);
        _completions = (Completion*)(_queues + completion.Sixth);

        // Entry n of the queue is always submission n.
        var order = (uint*)(_queues + submission.Seventh);
        for (var i = 0u; i < parameters.SubmissionEntries; i++) order[i] = i;
    }

    /// <summary>
    /// A ring for up to <paramref name="size"/> sends at once (a power of two), or why there is none: another system, an older kernel, a
    /// sandbox that forbids it.
    /// </summary>
    public static bool TryCreate(int size, [NotNullWhen(true)] out SocketRing? ring, [NotNullWhen(false)] out string? reason)
    {
        (ring, reason) = (null, null);
        if (!OperatingSystem.IsLinux())
        {
            reason = "only Linux has it";
            return false;
        }

        var parameters = new Parameters { Flags = SetupFlags };
        var descriptor = (int)Setup(SetupCall, (uint)size, &parameters);
        if (descriptor < 0) reason = new Win32Exception(Marshal.GetLastPInvokeError()).Message;
        else if ((parameters.Features & SingleMap) == 0) reason = "the kernel is too old";
        else ring = TryMap(descriptor, parameters, out reason);
        if (ring is null && descriptor >= 0) _ = Close(descriptor);
        return ring is not null;
    }

    /// <summary>
    /// Whether the system lets a ring of this thread send on a real socket, or why not: a sandbox may allow the ring and refuse its sends.
    /// </summary>
    public static bool TryProbe([NotNullWhen(false)] out string? reason)
    {
        if (!TryCreate(1, out var ring, out reason)) return false;
        using (ring)
        {
            var (ours, theirs) = Linux.NewPair();
            try
            {
                reason = ring.TrySend(ours, theirs);
                return reason is null;
            }
            finally
            {
                Linux.Close(ours);
                Linux.Close(theirs);
            }
        }
    }

    /// <summary>
    /// Sets send number <paramref name="n"/> of the next <see cref="Submit"/>. The bytes must stay where they are until it returns.
    /// </summary>
    public void Set(int n, int socket, byte* bytes, int length)
    {
        var submission = &_submissions[(*_submissionTail + (uint)n) & _submissionMask];
        submission->Operation = Send;
        submission->Descriptor = socket;
        submission->Address = bytes;
        submission->Length = (uint)length;
        submission->MessageFlags = MessageFlags;
        submission->UserData = (ulong)n;
    }

    /// <summary>Makes the sends 0 to <c>results.Length</c> - 1. Each result is the bytes taken, or a negative error number.</summary>
    public void Submit(Span<int> results)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(results.Length, _size);
        Volatile.Write(ref *_submissionTail, *_submissionTail + (uint)results.Length);
        for (var (submitted, completed) = (0, 0); completed < results.Length; completed += Collect(results))
        {
            var taken =
                Enter(EnterCall, (uint)_ring, (uint)(results.Length - submitted), (uint)(results.Length - completed), GetEvents, 0, 0);
            if (taken >= 0) submitted += (int)taken;
            else if (Marshal.GetLastPInvokeError() is var error and not (Interrupted or Again or Busy)) throw new Win32Exception(error);
        }
    }

    public void Dispose()
    {
        _ = Unmap(_queues, _queuesLength);
        _ = Unmap((byte*)_submissions, (nuint)(_size * sizeof(Submission)));
        _ = Close(_ring);
    }

    private string? TrySend(int from, int to)
    {
        const byte Mark = 42;
        var sent = Mark;
        Span<int> result = stackalloc int[1];
        Set(0, from, &sent, 1);
        try
        {
            Submit(result);
        }
        catch (Win32Exception refused)
        {
            return refused.Message;
        }

        Span<byte> received = stackalloc byte[1];
        if (result[0] == 1 && Linux.Receive(to, received) == 1 && received[0] == Mark) return null;
        return result[0] < 0 ? new Win32Exception(-result[0]).Message : "a send did not arrive";
    }

    private int Collect(Span<int> results)
    {
        var (head, tail) = (*_completionHead, Volatile.Read(ref *_completionTail));
        var count = (int)(tail - head);
        for (; head != tail; head++)
        {
            var completion = &_completions[head & _completionMask];
            results[(int)completion->UserData] = completion->Result;
        }

        Volatile.Write(ref *_completionHead, head);
        return count;
    }

    private static SocketRing? TryMap(int descriptor, in Parameters parameters, out string? reason)
    {
        try
        {
            reason = null;
            return new SocketRing(descriptor, parameters);
        }
        catch (Win32Exception noMemory)
        {
            reason = noMemory.Message;
            return null;
        }
    }

    private byte* Map(nuint length, long offset)
    {
        var address = MapMemory(0, length, ReadWrite, SharedPopulated, _ring, offset);
        return address == -1 ? throw new Win32Exception(Marshal.GetLastPInvokeError()) : (byte*)address;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Setup(long number, uint entries, Parameters* parameters);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Enter(long number, uint ring, uint submit, uint complete, uint flags, nint signals, nuint size);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint MapMemory(nint address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(byte* address, nuint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    [StructLayout(LayoutKind.Sequential)]
    private struct Parameters
    {
        public uint SubmissionEntries;
        public uint CompletionEntries;
        public uint Flags;
        public uint ThreadProcessor;
        public uint ThreadIdle;
        public uint Features;
        public uint WorkQueue;
        public uint Reserved0;
        public uint Reserved1;
        public uint Reserved2;
        public Offsets Submission;
        public Offsets Completion;
    }

    /// <summary>
    /// Where the parts of a queue lie. The last ones have different meanings in the two queues: the sixth is where completions are, the
    /// seventh the order of submissions.
    /// </summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Offsets
    {
        public uint Head;
        public uint Tail;
        public uint Mask;
        public uint Entries;
        public uint Fifth;
        public uint Sixth;
        public uint Seventh;
        public uint Reserved;
        public ulong Address;
    }

    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct Submission
    {
        [FieldOffset(0)]
        public byte Operation;

        [FieldOffset(4)]
        public int Descriptor;

        [FieldOffset(16)]
        public byte* Address;

        [FieldOffset(24)]
        public uint Length;

        [FieldOffset(28)]
        public uint MessageFlags;

        [FieldOffset(32)]
        public ulong UserData;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Completion
    {
        public ulong UserData;
        public int Result;
        public uint Flags;
    }
}
