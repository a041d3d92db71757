"""What tests need beside Python: a real Neo4j server, a browser, free ports; each says why where it cannot be had."""
