using System.Text;
using CandleStream.Server.Streams.Events;

namespace CandleStream.Tests.Sse;

public sealed class SseFrameTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(255)]
    [InlineData(65_536)]
    public void A_frame_holds_the_event_as_one_chunk_and_plain(int length)
    {
        var text = new string('x', length);
        var frame = Frame.Of(Encoding.ASCII.GetBytes(text));
        Assert.Equal(text, Encoding.ASCII.GetString(frame.In(SseFraming.Plain).Span));
        Assert.Equal($"{length:x}\r\n{text}\r\n", Encoding.ASCII.GetString(frame.In(SseFraming.Chunked).Span));
    }

    [Fact]
    public void The_end_of_the_body_is_the_closing_chunk_and_nothing_where_nobody_chunks()
    {
        Assert.Equal("0\r\n\r\n", Encoding.ASCII.GetString(Frame.EndOfBody.In(SseFraming.Chunked).Span));
        Assert.True(Frame.EndOfBody.In(SseFraming.Plain).IsEmpty);
    }
}
