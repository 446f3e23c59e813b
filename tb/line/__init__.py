"""Testbenches of a PE line and of the load balancer."""
