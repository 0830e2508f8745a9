using CandleStream.Server.Symbols;

namespace CandleStream.EndToEndTests.Server;

public sealed class SymbolTests
{
    private static readonly string[] Names = ["BTCUSD", "BTCUST", "ETHUSD", "ETHBTC", "DUSK:USD", "BTCF0:USTF0", "XRPUSD"];

    [Theory]
    [InlineData("BTCUDS", "BTCUSD")]
    [InlineData("BTUSD", "BTCUSD")]
    [InlineData("BTCUSSD", "BTCUSD")]
    [InlineData("DUSKUSD", "DUSK:USD")]
    [InlineData("ETH", "ETHBTC")]
    public void The_closest_name_comes_first(string asked, string closest) => Assert.Equal(closest, SymbolNames.Close(asked, Names)[0]);

    [Fact]
    public void Names_that_are_far_are_not_offered() => Assert.Empty(SymbolNames.Close("DOGEUSDT", Names));

    [Theory]
    [InlineData("BTCUSD", "BTC", "USD")]
    [InlineData("DUSK:USD", "DUSK", "USD")]
    [InlineData("BTCF0:USTF0", "BTCF0", "USTF0")]
    public void A_symbol_is_two_currencies(string symbol, string main, string quote) =>
        Assert.Equal((main, quote), SymbolNames.Split(symbol));
}
