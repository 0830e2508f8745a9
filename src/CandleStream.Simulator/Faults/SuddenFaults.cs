using System.Text;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Faults;

/// <summary>What the faults do that strike a connection once, when they are added.</summary>
internal static class SuddenFaults
{
    public static void Strike(Fault fault, SimulatorSession session)
    {
        switch (fault.Kind)
        {
            case FaultKind.Cut:
                session.Cut();
                break;
            case FaultKind.HalfOpen:
                session.BecomeHalfOpen();
                break;
            case FaultKind.Restart:
                session.Send(ControlFrames.Info(20051, "Stopping. Please try to reconnect"));
                break;
            case FaultKind.Maintenance:
                session.Send(ControlFrames.Info(20060, "Resync start"));
                break;
            case FaultKind.UnknownEvent:
                session.Send(Encoding.UTF8.GetBytes("""{"event":"weather","new":{"field":[1,2]},"code":99999}"""));
                break;
            case FaultKind.Huge:
                session.Send(ControlFrames.Info(5000, new string('x', fault.Size)));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "Not a sudden fault.");
        }
    }
}
