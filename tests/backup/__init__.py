"""Tests of ingestor.backup."""
