"""InfluxDB as a store: written for 2; 1.8 to 1.13 and 3 answer a little differently."""
