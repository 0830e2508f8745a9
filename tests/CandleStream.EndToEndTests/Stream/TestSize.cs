namespace CandleStream.EndToEndTests.Stream;

/// <summary>Small numbers normally, the full ones with CANDLESTREAM_TEST_FULL=1.</summary>
internal static class TestSize
{
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("CANDLESTREAM_TEST_FULL") == "1";

    public static int Of(int normal, int full) => IsFull ? full : normal;
}
