using System.ComponentModel.DataAnnotations;
using CandleStream.Server.Candles;
using CandleStream.Server.Configuration;
using CandleStream.Server.Hosting;
using Microsoft.Extensions.Configuration;

namespace CandleStream.EndToEndTests.Setup;

public sealed class SettingsCheckTests
{
    [Fact]
    public void Two_classes_may_share_a_section() => Check(("Box:Size", "3"), ("Box:Colour", "red"));

    [Fact]
    public void Keys_are_found_whatever_their_case() => Check(("box:SIZE", "3"));

    [Fact]
    public void An_unknown_key_is_named_with_those_there_are()
    {
        var refused = Assert.Throws<StartRefusedException>(() => Check(("Box:Sise", "3")));
        Assert.Equal("Unknown setting 'Box:Sise'; section Box has: Colour, Size.", refused.Message);
    }

    [Fact]
    public void A_value_out_of_range_is_named_with_the_range()
    {
        var refused = Assert.Throws<StartRefusedException>(() => Check(("Box:Size", "9")));
        Assert.Equal("Invalid setting Box:Size=9: The field Size must be between 1 and 5.", refused.Message);
    }

    [Fact]
    public void A_value_of_another_type_is_named()
    {
        var refused = Assert.Throws<StartRefusedException>(() => Check(("Box:Size", "big")));
        Assert.Contains("'big' at 'Box:Size'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Record", "BTCUSD:1m, ETHUSD:5m,BTCUSD:1m")]
    [InlineData("Record:0", "BTCUSD:1m,ETHUSD:5m")]
    public void Recorded_series_are_read_from_a_list_or_between_commas_each_once(string key, string value) =>
        Assert.Equal([SeriesKey.Parse("BTCUSD:1m"), SeriesKey.Parse("ETHUSD:5m")], RecordOptions.Read(Settings((key, value))));

    private static void Check(params (string Key, string Value)[] settings) =>
        SettingsCheck.Run(Settings(settings),
            [new SettingsSection("Box", typeof(Shape), (_, _) => { }), new SettingsSection("Box", typeof(Paint), (_, _) => { })]);

    private static IConfiguration Settings(params (string Key, string Value)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();

    private sealed class Shape
    {
        [Range(1, 5)]
        public int Size { get; set; } = 2;
    }

    private sealed class Paint
    {
        public string Colour { get; set; } = "white";
    }
}
