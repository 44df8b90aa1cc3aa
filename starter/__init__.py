"""The way in: command line, settings, connections, intake, the link gateway and its pages, the relay."""
