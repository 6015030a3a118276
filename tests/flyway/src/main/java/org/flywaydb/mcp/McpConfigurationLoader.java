package org.flywaydb.mcp;

import org.flywaydb.core.extensibility.Plugin;

/**
 * Named by Flyway's command line, yet part of an artifact that Maven Central does not carry. No
 * command that the tests run asks it for anything; it only has to be there to be loaded.
 */
public interface McpConfigurationLoader extends Plugin {}
