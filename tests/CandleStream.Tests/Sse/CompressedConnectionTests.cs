using System.IO.Compression;
using System.Text;
using CandleStream.Providers;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Streams.Sockets;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Bitfinex;

namespace CandleStream.Tests.Sse;

/// <summary>
/// What the clients of compressed streams read when their sockets take a part, nothing, or all. No threads: the test is the sender.
/// </summary>
public sealed class CompressedConnectionTests
{
    private static readonly SeriesKey Key = SeriesKey.Parse("BTCUSD:1m");

    private readonly Round _round = new(new VirtualClock(DateTimeOffset.UnixEpoch.AddYears(53)));
    private readonly SeriesReaders _series = new(null!, new SseSeriesCounters());

    public CompressedConnectionTests() => _round.Begin();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Wherever_a_block_is_cut_its_rest_comes_first_and_what_follows_builds_on_it(bool isBatched)
    {
        var whole = false;
        for (var part = 0; !whole; part++)
        {
            var reader = Connect();
            var (first, second) = (Update(0, rev: 1), Update(0, rev: 2));
            reader.Output.Room = part;
            Wait(reader, first);
            if (isBatched) whole = SendBatched(reader, first, part);
            else whole = reader.Connection.Flush(_round) == SseFlush.Done;

            // What was not begun is sent anew, what was begun is not.
            Wait(reader, second);
            reader.Output.Room = int.MaxValue;
            Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
            Assert.Equal(first.Candle.ToString() + second.Candle, reader.Text);
            End(reader);
        }
    }

    [Fact]
    public void Several_events_are_one_block_and_all_of_it_is_sent_once_a_byte_of_it_is_out()
    {
        var reader = Connect();
        EncodedUpdate[] updates = [.. Enumerable.Range(1, 10).Select(rev => Update(0, rev))];
        Wait(reader, updates);
        reader.Output.Room = 1;
        Assert.Equal(SseFlush.Blocked, reader.Connection.Flush(_round));
        Assert.Equal(0, reader.Connection.Waiting.Count);
        Assert.Equal(1, _round.Blocks.Made);

        // A late sender skips what a newer version replaces, but nothing that was begun.
        _round.IsLate = true;
        Wait(reader, Update(0, 11), Update(0, 12));
        reader.Output.Room = int.MaxValue;
        Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
        Assert.Equal(string.Concat(updates.Select(u => u.Candle)) + Update(0, 12).Candle, reader.Text);
        End(reader);
    }

    [Fact]
    public void A_block_that_was_not_begun_leaves_no_trace_and_its_events_may_be_replaced()
    {
        var reader = Connect();
        reader.Output.Room = 0;
        Wait(reader, Update(0, 1), Update(0, 2));
        Assert.Equal(SseFlush.Blocked, reader.Connection.Flush(_round));
        _round.IsLate = true;
        Wait(reader, Update(0, 3));
        reader.Output.Room = int.MaxValue;
        Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
        Assert.Equal(Update(0, 3).Candle.ToString(), reader.Text);
        End(reader);
    }

    [Fact]
    public void Readers_with_the_same_history_share_one_encoding_however_they_came_to_it()
    {
        var early = Enumerable.Range(0, 10).Select(_ => Connect()).ToList();
        SendToAll(early, rev: 1);
        Assert.Equal(1, _round.Blocks.Made);

        // These have not read what the others have, and share what they have not read.
        var late = Enumerable.Range(0, 10).Select(_ => Connect()).ToList();
        List<Reader> all = [.. early, .. late];
        for (var rev = 2; rev <= 5; rev++) SendToAll(all, rev);
        Assert.Equal(1 + (2 * 4), _round.Blocks.Made);

        // After as many events as a history has, all have the same.
        SendToAll(all, rev: 6);
        Assert.Equal(1 + (2 * 4) + 1, _round.Blocks.Made);
        foreach (var reader in all) End(reader);
    }

    [Fact]
    public void A_status_and_a_heartbeat_are_one_event_for_everybody()
    {
        var readers = Enumerable.Range(0, 5).Select(_ => Connect()).ToList();
        _series.Status = new SeriesStatus(Key, new FeedState(SeriesState.Down), []);
        foreach (var reader in readers)
        {
            (reader.Connection.HasNewStatus, reader.Connection.IsOwedHeartbeat) = (true, true);
            Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
        }

        Assert.Equal(2, _round.Blocks.Made);
        Assert.All(readers, reader => Assert.StartsWith("event: status\n", reader.Text, StringComparison.Ordinal));
        Assert.Single(readers.Select(reader => reader.Text).Distinct());
    }

    [Fact]
    public void A_large_event_is_compressed_alone_and_once_for_readers_with_any_history()
    {
        var (a, b) = (Connect(), Connect());
        Send(a, Update(0, 1));
        var made = _round.Blocks.Made;
        var large = StreamEvents.Snapshot(Key, [.. Enumerable.Range(0, 70).Select(n => Update(n, n + 1).Update.Candle)]);

        // It would fit a block together with what stands around it.
        Assert.InRange(large.Plain.Length, DeflateEncoder.MaxEventBytes + 1, DeflateEncoder.MaxBlockBytes - 1000);
        var (before, after) = (Update(300, 400), Update(300, 401));
        foreach (var reader in (Reader[])[a, b])
        {
            Wait(reader, before);
            reader.Connection.Waiting.Add(reader.Slot, large);
            Wait(reader, after);
            Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
        }

        // Before it each builds on its own history, behind it both on none.
        Assert.Equal(made + 2 + 1 + 1, _round.Blocks.Made);
        Assert.EndsWith($"{before.Candle}{large}{after.Candle}", b.Text, StringComparison.Ordinal);
        End(a);
        End(b);
    }

    [Fact]
    public void Blocks_of_few_events_build_on_one_another()
    {
        // Each event tells what stood in the one three before it, and nowhere else.
        var (reader, random, texts) = (Connect(), new Random(1), new List<string>());
        for (var block = 0; block < 30; block++)
        {
            for (var i = 0; i <= block % 3; i++)
            {
                var told = texts.Count < 3 ? "" : texts[^3][^34..^2];
                texts.Add($"data: {told}{random.NextInt64():x16}{random.NextInt64():x16}\n\n");
                reader.Connection.Waiting.Add(null, Frame.Of(Encoding.ASCII.GetBytes(texts[^1])));
            }

            Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
        }

        Assert.Equal(string.Concat(texts), reader.Text);
        End(reader);
    }

    [Fact]
    public void More_than_fits_one_block_comes_in_several()
    {
        var reader = Connect();
        EncodedUpdate[] updates = [.. Enumerable.Range(1, 250).Select(n => Update(n, n, closed: true))];
        Wait(reader, updates);
        Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
        Assert.Equal(string.Concat(updates.Select(u => u.Candle)), reader.Text);
        Assert.InRange(_round.Blocks.Made, 2, 10);
        End(reader);
    }

    [Fact]
    public void Over_HTTP_1_the_end_of_the_gzip_and_the_end_of_the_body_are_two_chunks()
    {
        var stream = new CompressedStream();
        stream.Next(Frame.Of("data: 1\n\n"u8));
        var end = stream.Next(Frame.EndOfBody);
        Assert.Equal(10, end.Plain.Length);
        var chunks = end.In(SseFraming.Chunked).ToArray();
        Assert.Equal([.. "a\r\n"u8, .. end.Plain.Span, .. "\r\n0\r\n\r\n"u8], chunks);
    }

    // In the order of the sender: all of one event, then the next.
    private void SendToAll(List<Reader> readers, long rev)
    {
        var update = Update(0, rev);
        foreach (var reader in readers) Send(reader, update);
    }

    private void Send(Reader reader, EncodedUpdate update)
    {
        Wait(reader, update);
        Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
    }

    private static void Wait(Reader reader, params EncodedUpdate[] updates)
    {
        foreach (var update in updates) reader.Connection.Waiting.Add(reader.Slot, update);
    }

    // What the sender does around its batch, where the system took so much.
    private bool SendBatched(Reader reader, EncodedUpdate update, int part)
    {
        var bytes = reader.Compressed.Prepare([update.Candle], _round.Blocks).Plain;
        var taken = Math.Min(part, bytes.Length);
        reader.Output.Send(bytes[..taken]);
        return reader.Connection.CompleteBatched(bytes, taken, _round) == SseFlush.Done;
    }

    // The gzip is right to its last byte.
    private void End(Reader reader)
    {
        reader.Connection.IsFinishing = true;
        reader.Connection.Waiting.Add(null, StreamEvents.Bye(1000));
        reader.Connection.Waiting.Add(null, Frame.EndOfBody);
        Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
        Assert.EndsWith(StreamEvents.Bye(1000).ToString(), reader.Text, StringComparison.Ordinal);
        var all = Encoding.UTF8.GetBytes(Reader.Join + reader.Text);
        Assert.Equal([.. BitConverter.GetBytes(Crc32.Of(all)), .. BitConverter.GetBytes(all.Length)], reader.Output.Bytes[^8..]);
    }

    private Reader Connect()
    {
        var reader = new Reader();
        _series.Add(reader.Slot);
        reader.Connection.BeginLive(Frame.Of(Encoding.ASCII.GetBytes(Reader.Join)), _round.Now);
        Assert.Equal(SseFlush.Done, reader.Connection.Flush(_round));
        return reader;
    }

    private EncodedUpdate Update(int minute, long rev, bool closed = false) =>
        _series.Prepare(new CandleUpdate(Key, new Candle(minute * 60_000L, 1, 1, 1, 1, rev, closed, new Rev(rev))));

    private sealed class Reader
    {
        public const string Join = "event: synced\nid: 1\ndata: {}\n\n";

        public Reader()
        {
            Connection = new Connection(default, Compressed) { Output = Output };
            Slot = new Slot(Connection, null!, new SeriesStatus(Key, new FeedState(SeriesState.Live), []));
            Connection.Subscriptions = [Slot];
        }

        public CompressedStream Compressed { get; } = new();

        public BytesOutput Output { get; } = new();

        public Connection Connection { get; }

        public Slot Slot { get; }

        /// <summary>What the framework's decoder reads behind the join.</summary>
        public string Text
        {
            get
            {
                using var gzip = new GZipStream(new MemoryStream(Output.Bytes), CompressionMode.Decompress);
                using var text = new StreamReader(gzip);
                var all = text.ReadToEnd();
                Assert.StartsWith(Join, all, StringComparison.Ordinal);
                return all[Join.Length..];
            }
        }
    }

    /// <summary>A client whose socket takes as many bytes as the test says.</summary>
    private sealed class BytesOutput : Output
    {
        private readonly List<byte> _bytes = [];

        public int Room { get; set; } = int.MaxValue;

        public byte[] Bytes => [.. _bytes];

        public override SseFraming Framing => SseFraming.Plain;

        public override bool IsReady => Room > 0;

        public override int Send(ReadOnlyMemory<byte> bytes)
        {
            var taken = Math.Min(Room, bytes.Length);
            Room -= taken;
            _bytes.AddRange(bytes.Span[..taken]);
            return taken;
        }

        public override ValueTask SettleAsync() => default;
    }
}
