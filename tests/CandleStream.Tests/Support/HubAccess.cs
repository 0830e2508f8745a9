using System.Diagnostics.CodeAnalysis;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Tests.Support;

/// <summary>Tests look behind <see cref="ISeries"/>: every series here is a hub.</summary>
internal static class HubAccess
{
    extension(SeriesHandle handle)
    {
        public SeriesHub Hub => (SeriesHub)handle.Series;
    }

    extension(CandleStreamService service)
    {
        public bool TryFind(SeriesKey series, [NotNullWhen(true)] out SeriesHub? hub) =>
            (hub = (SeriesHub?)service.Peek(series)) is not null;
    }
}
