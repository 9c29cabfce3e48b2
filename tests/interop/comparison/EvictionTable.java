import java.util.Enumeration;
import java.util.Map;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.QueueBrowser;
import javax.jms.Session;
import javax.jms.TextMessage;
import javax.jms.Topic;

/**
 * Scenarios about topic consumers that do not keep up. The policies of the topics {@code evict.*} are
 * those of {@code players.ts}.
 */
final class EvictionTable {
  private EvictionTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("evict-oldest", c -> texts(c, "evict.oldest", "1 2 3 4 5 6 7 8"));
    table.put("evict-priority", EvictionTable::priorities);
    table.put("evict-value", EvictionTable::values);
    table.put("evict-value-types", EvictionTable::valueTypes);
    table.put("evict-expired", EvictionTable::expired);
    table.put("evict-high-watermark", EvictionTable::highWatermark);
    table.put("evict-advisories", EvictionTable::advisories);
    table.put("evict-stomp", EvictionTable::stomp);
  }

  /** A consumer that has one message at most, and a producer. */
  private static final class Slow {
    final Compare compare;
    final Connection connection;
    final Session session;
    final MessageConsumer consumer;
    final MessageProducer producer;

    Slow(Compare compare, String topic) throws Exception {
      this.compare = compare;
      connection = Compare.connect();
      session = Compare.session(connection);
      consumer = session.createConsumer(session.createTopic(topic + "?consumer.prefetchSize=1"));
      producer = session.createProducer(session.createTopic(topic));
    }

    /** Sends a message. Timestamps of messages differ. */
    void send(String text, int priority, long livesMs, String name, Object value) throws Exception {
      TextMessage message = session.createTextMessage(text);
      if (value != null) message.setObjectProperty(name, value);
      producer.send(message, DeliveryMode.PERSISTENT, priority, livesMs);
      Thread.sleep(5);
    }

    void end() throws Exception {
      compare.say(compare.drain(consumer));
      connection.close();
    }
  }

  private static void texts(Compare c, String topic, String texts) throws Exception {
    Slow slow = new Slow(c, topic);
    for (String text : texts.split(" ")) slow.send(text, 4, 0, null, null);
    slow.end();
  }

  private static void priorities(Compare c) throws Exception {
    String[] rounds = {
      "4:a 9:b 0:c 4:d 1:e 9:f 4:g",
      "4:a 4:b 4:c 4:d 4:e 4:f",
      "0:a 0:b 1:c 2:d 3:e 0:f",
      "0:a 9:b 8:c 7:d 6:e 5:f 9:g",
    };
    for (String round : rounds) {
      Slow slow = new Slow(c, "evict.priority");
      for (String each : round.split(" ")) {
        slow.send(each, each.charAt(0) - '0', 0, null, null);
      }
      slow.end();
    }
  }

  private static void values(Compare c) throws Exception {
    String[] rounds = {
      // The first message is dispatched. A letter is the value, - is none.
      "A1 A2 A3 A4 A5",
      "A1 A2 B3 C4 A5",
      "A1 A2 B3 C4 D5 E6",
      "A1 A2 B3 B4 B5 C6 D7 E8",
      "A1 -2 A3 -4 B5",
      "A1 -2 -3 -4 -5 -6",
      "A1 B2 A3 -4 -5 -6 -7 C8",
    };
    for (String round : rounds) {
      Slow slow = new Slow(c, "evict.value");
      for (String each : round.split(" ")) {
        String value = each.startsWith("-") ? null : each.substring(0, 1);
        slow.send(each, 4, 0, "key", value);
      }
      slow.end();
    }
  }

  private static void valueTypes(Compare c) throws Exception {
    Object[][] rounds = {
      {0, 1, 1L, "1", 1},
      {0, 1, 1, 2, 1},
      {0, true, "true", true, false},
      {0, 1.5, 1.5f, 1.5, 2.5},
      {0, (byte) 1, (short) 1, 1, (byte) 1},
    };
    for (Object[] round : rounds) {
      Slow slow = new Slow(c, "evict.value");
      for (int i = 0; i < round.length; i++) {
        slow.send(i + ":" + round[i], 4, 0, "key", round[i]);
      }
      slow.end();
    }
  }

  private static void expired(Compare c) throws Exception {
    for (String topic : new String[] {"evict.oldest", "evict.priority", "evict.value"}) {
      Slow slow = new Slow(c, topic);
      slow.send("first", 4, 0, "key", "0");
      slow.send("stays", 4, 0, "key", "1");
      slow.send("expires", 9, 200, "key", "2");
      slow.send("stays too", 4, 0, "key", "3");
      Thread.sleep(600);
      slow.send("last", 4, 0, "key", "4");
      slow.end();
    }
  }

  /** Of ten messages that may wait, expired ones are removed if more than two do. */
  private static void highWatermark(Compare c) throws Exception {
    Slow slow = new Slow(c, "evict.watermark");
    Connection watching = Compare.connect();
    Session session = Compare.session(watching);
    Topic topic = session.createTopic("ActiveMQ.Advisory.Expired.Topic.evict.watermark");
    MessageConsumer advisories = session.createConsumer(topic);
    slow.send("first", 4, 0, null, null);
    slow.send("stays", 4, 0, null, null);
    slow.send("expires", 4, 200, null, null);
    Thread.sleep(600);
    c.say("expired with two: " + (advisories.receive(Compare.SHORT) != null));
    slow.send("third", 4, 0, null, null);
    c.say("expired with three: " + (advisories.receive(Compare.WAIT) != null));
    c.say("dead: " + deadLetters(slow));
    watching.close();
    slow.end();
  }

  private static String deadLetters(Slow slow) throws Exception {
    StringBuilder all = new StringBuilder();
    QueueBrowser browser = slow.session.createBrowser(slow.session.createQueue("evict.dead"));
    for (Enumeration<?> e = browser.getEnumeration(); e.hasMoreElements(); ) {
      all.append(slow.compare.describe.body((Message) e.nextElement())).append(' ');
    }
    browser.close();
    return all.length() == 0 ? "nothing" : all.toString().trim();
  }

  private static void advisories(Compare c) throws Exception {
    Slow slow = new Slow(c, "evict.value");
    Connection watching = Compare.connect();
    Session session = Compare.session(watching);
    Topic topic = session.createTopic("ActiveMQ.Advisory.MessageDiscarded.Topic.evict.value");
    MessageConsumer advisories = session.createConsumer(topic);
    for (String each : "A1 A2 B3 B4 B5".split(" ")) {
      slow.send(each, 4, 0, "key", each.substring(0, 1));
    }
    int count = 0;
    while (advisories.receive(count == 0 ? Compare.WAIT : Compare.SHORT) != null) count++;
    c.say("advisories: " + count);
    watching.close();
    slow.end();
  }

  private static void stomp(Compare c) throws Exception {
    StompConnection consumer = StompConnection.open(c.describe, "1.2");
    consumer.send(
        "SUBSCRIBE\nid:1\ndestination:/topic/evict.value\nack:client-individual\n"
            + "activemq.prefetchSize:1\nreceipt:s\n\n");
    consumer.frame();
    StompConnection producer = StompConnection.open(c.describe, "1.2");
    for (String each : "A1 A2 A3 B4 B5 -6 A7".split(" ")) {
      String key = each.startsWith("-") ? "" : "key:" + each.charAt(0) + "\n";
      producer.send("SEND\ndestination:/topic/evict.value\nreceipt:r\n" + key + "\n" + each);
      producer.frame();
      Thread.sleep(5);
    }
    producer.close();
    String frame = consumer.frame();
    for (; frame.startsWith("MESSAGE"); frame = consumer.frame((int) Compare.SHORT)) {
      c.say(frame.substring(frame.lastIndexOf(' ') + 1));
      consumer.send("ACK\nid:" + consumer.headers.get("ack") + "\n\n");
    }
    c.say(frame);
    consumer.close();
  }
}
