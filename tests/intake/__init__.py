"""Tests of the MQTT intake."""
