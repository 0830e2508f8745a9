using System.Globalization;

namespace CandleStream.EndToEndTests.Soak;

/// <summary>What a process holds of the system, as Linux tells it.</summary>
/// <param name="Handles">Open file descriptors, sockets among them.</param>
/// <param name="Sockets">Open sockets.</param>
/// <param name="Threads">Threads.</param>
/// <param name="ResidentMb">Resident memory, in MB.</param>
internal sealed record ProcessFigures(int Handles, int Sockets, int Threads, double ResidentMb)
{
    public static ProcessFigures Of(int process)
    {
        var folder = $"/proc/{process}";
        var handles = Directory.GetFiles($"{folder}/fd");
        var sockets = handles.Count(IsSocket);
        var resident = File.ReadLines($"{folder}/status").Single(l => l.StartsWith("VmRSS:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return new ProcessFigures(handles.Length, sockets, Directory.GetDirectories($"{folder}/task").Length,
            double.Parse(resident, CultureInfo.InvariantCulture) / 1024);
    }

    /// <summary>The least of each: what is held on to, without what comes and goes meanwhile.</summary>
    public static ProcessFigures Least(IReadOnlyCollection<ProcessFigures> looks) =>
        new(looks.Min(l => l.Handles), looks.Min(l => l.Sockets), looks.Min(l => l.Threads), looks.Min(l => l.ResidentMb));

    private static bool IsSocket(string handle)
    {
        try
        {
            return File.ResolveLinkTarget(handle, returnFinalTarget: false)?.Name.StartsWith("socket:", StringComparison.Ordinal) == true;
        }
        catch (FileNotFoundException)
        {
            // Closed between the listing and the look.
            return false;
        }
    }
}
