package dunlin.tests;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.security.Permission;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import org.flywaydb.commandline.Main;
import org.flywaydb.core.internal.plugin.PluginRegister;

/**
 * Flyway's command line, many times in one process, since most of the time of a command is Java's start.
 *
 * <p>A request is a line of words, divided by U+001F. What the command prints goes where it goes, and then a line that begins
 * with U+001E is written to both streams; on standard output it ends with the exit code. Flyway is as it is, and does not
 * find what an earlier command left in static fields: those that change are put back.
 */
@SuppressWarnings("removal")
public final class Again {
    private static final String CORE = "org.flywaydb.core.";

    /** What a command changes in static fields of Flyway 13, found by listing all that are not constants. */
    private static final String[][] CHANGING = {
        {"org.flywaydb.commandline.Main", "LOG", "hasPrintedLicense", "PLUGIN_REGISTER"},
        {
            CORE + "api.logging.LogFactory",
            "logCreator",
            "fallbackLogCreator",
            "configuration",
            "logLevel",
            "jsonLogsEnabled"
        },
        {CORE + "internal.strategy.RetryStrategy", "numberOfRetries", "unlimitedRetries"},
        {CORE + "internal.logging.PreviewFeatureWarning", "LOGGED_FEATURES"},
        {
            CORE + "internal.configuration.ConfigUtils",
            "DEPRECATED_PLUGINS_WARNED",
            "STATIC_PLUGIN_REGISTER",
            "PLUGIN_REGISTER"
        },
        {CORE + "api.output.ErrorOutput", "PLUGIN_REGISTER"},
    };

    /** Thrown where a command ends the process; nobody who handles exceptions takes it for one. */
    private static final class Ended extends Error {
        private final int status;

        Ended(int status) {
            super(null, null, false, false);
            this.status = status;
        }
    }

    public static void main(String[] arguments) throws Exception {
        System.setSecurityManager(new SecurityManager() {
            @Override
            public void checkPermission(Permission permission) {}

            @Override
            public void checkPermission(Permission permission, Object context) {}

            @Override
            public void checkExit(int status) {
                throw new Ended(status);
            }
        });
        PrintStream out = System.out;
        PrintStream err = System.err;
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        Properties properties = (Properties) System.getProperties().clone();
        Map<Field, Object> initial = initial();
        InputStream requests = new FileInputStream(FileDescriptor.in);
        answer(out, err, 0);
        for (String request = line(requests); request != null; request = line(requests)) {
            System.setIn(new ByteArrayInputStream(new byte[0]));
            int status = run(request.isEmpty() ? new String[0] : request.split("\u001f", -1));
            System.out.flush();
            System.err.flush();
            System.setOut(out);
            System.setErr(err);
            System.setProperties((Properties) properties.clone());
            Thread.currentThread().setContextClassLoader(loader);
            putBack(initial);
            answer(out, err, status);
        }
    }

    private static int run(String[] words) {
        try {
            Main.main(words);
            return 0;
        } catch (Ended ended) {
            return ended.status;
        } catch (Throwable thrown) {
            // As Java does.
            System.err.print("Exception in thread \"main\" ");
            thrown.printStackTrace();
            return 1;
        }
    }

    private static Map<Field, Object> initial() throws ReflectiveOperationException {
        Map<Field, Object> initial = new LinkedHashMap<>();
        for (String[] names : CHANGING) {
            for (int index = 1; index < names.length; index++) {
                Field field = field(names[0], names[index]);
                initial.put(field, field.get(null));
            }
        }
        // Initialising a class may have made its log.
        putBack(initial);
        return initial;
    }

    private static void putBack(Map<Field, Object> initial) throws ReflectiveOperationException {
        // The log of the class that prints the header is there before the settings are, and so begins by printing what
        // was kept back until then.
        Object kept = value(CORE + "internal.logging.buffered.BufferedLogCreator", "bufferedLog", null);
        ((Collection<?>) value(kept.getClass().getName(), "bufferedLogMessages", kept)).clear();
        Object log = value(CORE + "internal.license.FlywayPermit", "LOG", null);
        field(log.getClass().getName(), "log").set(log, kept);
        for (Map.Entry<Field, Object> entry : initial.entrySet()) {
            if (entry.getValue() instanceof Collection<?> collection) {
                collection.clear();
            } else if (entry.getValue() instanceof PluginRegister register) {
                empty(register);
            } else {
                entry.getKey().set(null, entry.getValue());
            }
        }
    }

    /** A register makes its plugins when it is first asked for one; some of them are settings. */
    private static void empty(PluginRegister register) throws ReflectiveOperationException {
        String type = PluginRegister.class.getName();
        ((Collection<?>) value(type, "REGISTERED_PROVIDERS", register)).clear();
        ((Map<?, ?>) value(type, "INSTANTIATED_PLUGINS", register)).clear();
        field(type, "hasRegisteredPlugins").setBoolean(register, false);
    }

    private static Object value(String type, String name, Object of) throws ReflectiveOperationException {
        return field(type, name).get(of);
    }

    private static Field field(String type, String name) throws ReflectiveOperationException {
        Field field = Class.forName(type).getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    private static void answer(PrintStream out, PrintStream err, int status) {
        out.print("\u001e" + status + "\n");
        out.flush();
        err.print("\u001e\n");
        err.flush();
    }

    private static String line(InputStream requests) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int read = requests.read(); read != '\n'; read = requests.read()) {
            if (read < 0) {
                return null;
            }
            line.write(read);
        }
        return line.toString(StandardCharsets.UTF_8);
    }
}
