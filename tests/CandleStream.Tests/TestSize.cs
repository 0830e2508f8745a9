namespace CandleStream.Tests;

/// <summary>How much a test does: the full numbers under <c>CANDLESTREAM_TEST_FULL=1</c>, else small ones that end soon.</summary>
internal static class TestSize
{
    public static int Choose(int normal, int full) => Environment.GetEnvironmentVariable("CANDLESTREAM_TEST_FULL") == "1" ? full : normal;
}
