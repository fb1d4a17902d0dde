"""What runs while this process is the leader: the daemon itself and the pruner."""
