import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.FileReader;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;

/**
 * A peer of `./dev bench drain`: the sums of cpu_usage and memory_usage per machine of the
 * prototype's messages, exact and exactly once, in a state store that can be asked.
 *
 * <p>Arguments: BROKERS TOPIC COUNT STATE_DIR PROPERTIES. Prints {"seconds":…,"count":…,"machines":…,
 * "cpu":"…","memory":"…"}: seconds from the start of the streams (Java itself runs already) until
 * the committed offsets say that COUNT messages are in the store for good; sums in billionths.
 */
public final class SumPerMachine {
  private static final int POLL_MS = 20;
  private static final long GIVE_UP_S = 300;
  private static final int DECIMALS = 9;
  private static final String STORE = "totals";

  /** Of one message, or of one machine so far; in billionths of a percent. */
  private record Sums(long cpu, long memory) {
    static final Sums ZERO = new Sums(0, 0);

    Sums plus(Sums other) {
      return new Sums(Math.addExact(cpu, other.cpu), Math.addExact(memory, other.memory));
    }
  }

  private static final JsonFactory JSON = new JsonFactory();

  /** Pull parsing: no tree, no binding. Only what is summed is looked at. */
  private static Sums parse(byte[] value) {
    Long cpu = null;
    Long memory = null;
    try (JsonParser parser = JSON.createParser(value)) {
      while (parser.nextToken() != null) {
        if (parser.currentToken() != JsonToken.FIELD_NAME) continue;
        String name = parser.currentName();
        parser.nextToken();
        switch (name) {
          case "cpu_usage" -> cpu = billionths(parser.getDecimalValue());
          case "memory_usage" -> memory = billionths(parser.getDecimalValue());
          default -> parser.skipChildren();
        }
      }
    } catch (IOException error) {
      throw new SerializationException(error);
    }
    if (cpu == null || memory == null) throw new SerializationException("no usage");
    return new Sums(cpu, memory);
  }

  private static long billionths(BigDecimal value) {
    return value.movePointRight(DECIMALS).longValueExact();
  }

  private static Serde<Sums> fromMessages() {
    return Serdes.serdeFrom((topic, sums) -> null, (topic, bytes) -> parse(bytes));
  }

  private static Serde<Sums> stored() {
    return Serdes.serdeFrom(
        (topic, sums) ->
            sums == null
                ? null
                : ByteBuffer.allocate(16).putLong(sums.cpu).putLong(sums.memory).array(),
        (topic, bytes) -> {
          if (bytes == null) return null;
          ByteBuffer buffer = ByteBuffer.wrap(bytes);
          return new Sums(buffer.getLong(), buffer.getLong());
        });
  }

  private static KafkaStreams streams(String topic, Properties settings) {
    StreamsBuilder builder = new StreamsBuilder();
    builder.stream(topic, Consumed.with(Serdes.String(), fromMessages()))
        .groupByKey()
        .aggregate(
            () -> Sums.ZERO,
            (machine, message, sums) -> sums.plus(message),
            Materialized.<String, Sums>as(Stores.inMemoryKeyValueStore(STORE))
                .withKeySerde(Serdes.String())
                .withValueSerde(stored())
                .withCachingEnabled());
    return new KafkaStreams(builder.build(), settings);
  }

  /** Offsets are committed in the transactions that hold the store's changes. */
  private static long committed(Admin admin, String group) throws Exception {
    return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().values()
        .stream()
        .mapToLong(offset -> offset == null ? 0 : offset.offset())
        .sum();
  }

  private static String told(KafkaStreams streams, double seconds, long count) {
    BigInteger cpu = BigInteger.ZERO;
    BigInteger memory = BigInteger.ZERO;
    int machines = 0;
    try (KeyValueIterator<String, Sums> all =
        streams
            .store(
                StoreQueryParameters.fromNameAndType(
                    STORE, QueryableStoreTypes.<String, Sums>keyValueStore()))
            .all()) {
      while (all.hasNext()) {
        Sums sums = all.next().value;
        cpu = cpu.add(BigInteger.valueOf(sums.cpu));
        memory = memory.add(BigInteger.valueOf(sums.memory));
        ++machines;
      }
    }
    return String.format(
        "{\"seconds\":%.6f,\"count\":%d,\"machines\":%d,\"cpu\":\"%s\",\"memory\":\"%s\"}",
        seconds, count, machines, cpu, memory);
  }

  public static void main(String[] arguments) throws Exception {
    Properties settings = new Properties();
    try (FileReader file = new FileReader(arguments[4])) {
      settings.load(file);
    }
    long count = Long.parseLong(arguments[2]);
    String group = "sum-per-machine-" + UUID.randomUUID();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, arguments[0]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, arguments[3]);
    Properties asking = new Properties();
    asking.put("bootstrap.servers", arguments[0]);
    try (Admin admin = Admin.create(asking);
        KafkaStreams streams = streams(arguments[1], settings)) {
      long start = System.nanoTime();
      streams.start();
      long read = 0;
      while (read < count) {
        TimeUnit.MILLISECONDS.sleep(POLL_MS);
        read = committed(admin, group);
        double seconds = (System.nanoTime() - start) / 1e9;
        if (streams.state() == KafkaStreams.State.ERROR || seconds > GIVE_UP_S) {
          System.err.println(streams.state() + " with " + read + " of " + count + " messages");
          System.exit(1);
        }
      }
      System.out.println(told(streams, (System.nanoTime() - start) / 1e9, read));
    }
  }
}
