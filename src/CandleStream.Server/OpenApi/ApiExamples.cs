using System.Text.Json.Nodes;

namespace CandleStream.Server.OpenApi;

/// <summary>Example answers.</summary>
internal static class ApiExamples
{
    public static JsonNode History => JsonNode.Parse("""
        {
          "symbol": "BTCUSD", "timeframe": "1m",
          "candles": [
            {"time":1542016800000,"open":6380.1,"high":6382,"low":6379.9,"close":6381.5,"volume":3.25,"closed":true,"rev":1763840000000001},
            {"time":1542016860000,"open":6381.5,"high":6381.5,"low":6380,"close":6380.2,"volume":0.00000031,"closed":false,"rev":1763840000000002}
          ],
          "asof": 1763840000000002, "gaps": [], "next": null
        }
        """)!;

    public static JsonNode HistoryCsv =>
        "time,open,high,low,close,volume,closed,rev\r\n1542016800000,6380.1,6382,6379.9,6381.5,3.25,true,1763840000000001\r\n";

    public static JsonNode Stream => """
        id: 1763840000000002
        data: {"symbol":"BTCUSD","timeframe":"1m","time":1542016860000,"open":6381.5,"high":6381.5,"low":6380,"close":6380.2,"volume":0.00000031,"closed":false,"rev":1763840000000002}


        """;

    public static JsonNode Status => JsonNode.Parse("""
        {
          "active_streams": 1, "total_subscribers": 3, "simulated": false,
          "streams": [
            {"key":"BTCUSD:1m","subscribers":3,"connected":true,"state":"live","last_message_age_ms":120,"last_trade_age_ms":950,"exchange_clock_offset_ms":-14,
             "latest":{"time":1542016860000,"open":6381.5,"high":6381.5,"low":6380,"close":6380.2,"volume":0.00000031,"closed":false,"rev":1763840000000002},
             "gaps":[],"conflated":0,"slow_closed":0,"resumed":0,"reset":0}
          ]
        }
        """)!;

    public static JsonNode Symbols => JsonNode.Parse(
        """{"symbols":[{"symbol":"BTCUSD","base":"BTC","quote":"USD"},{"symbol":"DUSK:USD","base":"DUSK","quote":"USD"}]}""")!;

    public static JsonNode Timeframes => JsonNode.Parse("""{"timeframes":[{"timeframe":"1m","ms":60000},{"timeframe":"1M","ms":null}]}""")!;

    public static JsonNode PathTicket => JsonNode.Parse("""{"ticket":"CfDJ8…","expires_in_ms":31536000000}""")!;

    public static JsonNode Ticket => JsonNode.Parse("""{"ticket":"CfDJ8…","expires_in_ms":600000}""")!;

    public static JsonNode Live => JsonNode.Parse("""{"status":"live"}""")!;

    public static JsonNode Ready => JsonNode.Parse("""{"status":"ready"}""")!;

    public static JsonNode NotReady => JsonNode.Parse("""
        {"type":"about:blank","title":"Service Unavailable","status":503,"detail":"store: cannot be reached.","reasons":["store: cannot be reached."]}
        """)!;

    public static JsonNode Invalid => JsonNode.Parse("""
        {"type":"about:blank","title":"Bad input","status":400,"detail":"'limit' must not be '0'; allowed: a whole number, 1..10000.","field":"limit","value":"0","allowed":"a whole number, 1..10000"}
        """)!;

    public static JsonNode Unknown => JsonNode.Parse("""
        {"type":"about:blank","title":"Unknown symbol","status":404,"detail":"The exchange does not list 'BTCUDS'. Did you mean BTCUSD?","field":"symbol","value":"BTCUDS","matches":["BTCUSD"]}
        """)!;

    public static JsonNode NotAcceptable => JsonNode.Parse("""
        {"type":"about:blank","title":"Not Acceptable","status":406,"detail":"This route answers application/json or text/csv."}
        """)!;

    public static JsonNode NoKey => JsonNode.Parse("""
        {"type":"about:blank","title":"Unauthorized","status":401,"detail":"A key is needed: X-API-Key, Authorization: Bearer, a session, or for a stream a valid ticket for this query."}
        """)!;

    public static JsonNode WrongScope => JsonNode.Parse("""
        {"type":"about:blank","title":"Forbidden","status":403,"detail":"This key lacks the required scope."}
        """)!;

    public static JsonNode Metrics => "# TYPE candlestream_streams gauge\ncandlestream_streams 3\n";

    public static JsonNode TooMany => JsonNode.Parse("""
        {"type":"about:blank","title":"Too many requests","status":429,"detail":"50 streams are open from this address.","limit":50}
        """)!;

    public static JsonNode Full => JsonNode.Parse("""
        {"type":"about:blank","title":"Unavailable","status":503,"detail":"250 series are open: this server follows no more at once.","limit":250}
        """)!;
}
