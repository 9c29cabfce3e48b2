import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.DeliveryMode;
import javax.jms.MapMessage;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.MessageProducer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.StreamMessage;
import javax.jms.TextMessage;

/** Scenarios about STOMP, and about messages from STOMP to JMS and back. */
final class StompTable {
  private StompTable() {}

  static void add(Map<String, Compare.Scenario> table) {
    table.put("stomp-connect", StompTable::connect);
    table.put("stomp-to-jms", StompTable::toJms);
    table.put("stomp-from-jms", StompTable::fromJms);
    table.put("stomp-to-stomp", StompTable::toStomp);
    table.put("stomp-subscriptions", StompTable::subscriptions);
    table.put("stomp-acknowledgements", StompTable::acknowledgements);
    table.put("stomp-transactions", StompTable::transactions);
    table.put("stomp-errors", StompTable::errors);
    table.put("stomp-selectors", StompTable::selectors);
    table.put("stomp-durable", StompTable::durable);
    table.put("stomp-browser", StompTable::browser);
    table.put("stomp-temporary", StompTable::temporary);
    table.put("stomp-schedule", StompTable::schedule);
  }

  private static void connect(Compare c) throws Exception {
    String login = "login:" + Compare.USER + "\npasscode:" + Compare.PASSWORD + "\n";
    String[] frames = {
      "CONNECT\n" + login + "\n",
      "CONNECT\naccept-version:1.0\n" + login + "\n",
      "STOMP\naccept-version:1.1,1.2\nhost:any\n" + login + "\n",
      "CONNECT\naccept-version:1.2\nheart-beat:5000,7000\nclient-id:heart\n" + login + "\n",
      "CONNECT\naccept-version:1.2\nheart-beat:wrong\n" + login + "\n",
      "CONNECT\naccept-version:3.0\n" + login + "\n",
      "CONNECT\naccept-version:1.2\nrequest-id:r1\n" + login + "\n",
      "CONNECT\naccept-version:1.2\nreceipt:r2\n" + login + "\n",
      "CONNECT\naccept-version:1.2\nlogin:nobody\npasscode:wrong\n\n",
      "CONNECT\naccept-version:1.2\n\n",
      "SEND\ndestination:/queue/a\n\nx",
    };
    for (String frame : frames) {
      StompConnection s = new StompConnection(c.describe);
      s.send(frame);
      c.say(s.frame().replaceAll("ActiveMQ/[\\d.]+", "ActiveMQ/VERSION"));
      s.close();
    }
    StompConnection twice = StompConnection.open(c.describe, "1.2");
    twice.send("CONNECT\naccept-version:1.2\n" + login + "\n");
    c.say("twice: " + twice.frame());
    StompConnection first = StompConnection.open(c.describe, "1.2", "client-id:taken");
    StompConnection second = new StompConnection(c.describe);
    second.send("CONNECT\naccept-version:1.2\nclient-id:taken\n" + login + "\n");
    c.say("client id in use: " + second.frame());
    first.close();
  }

  private static void toJms(Compare c) throws Exception {
    String[] frames = {
      "text", "persistent:true\n\ntext", "content-length:4\n\ntext", "content-type:text/plain\n\ntext",
      "\n", "content-length:0\n\n", "amq-msg-type:text\ncontent-length:4\n\ntext",
      "amq-msg-type:bytes\n\ntext", "amq-msg-type:map\n\ntext", "priority:9\nexpires:0\n\np",
      "correlation-id:c\ntype:kind\nreply-to:/topic/answers\n\nh",
      "reply-to:/queue/answers\n\nh", "reply-to:answers\n\nh", "reply-to:/temp-queue/t\n\nh",
      "JMSXGroupID:g\nJMSXGroupSeq:4\nJMSXUserID:u\n\ng", "own:value\nnumber:5\nempty:\n\no",
      "message-id:mine\nredelivered:true\nsubscription:s\ntimestamp:1\n\nm",
      "own:first\nown:second\n\nr", "colon:a\\cb\\nc\\\\d\n\ne",
      "a-b.c:odd name\n\nx",
    };
    Connection connection = Compare.connect();
    Session session = Compare.session(connection);
    MessageConsumer consumer = session.createConsumer(session.createQueue("to-jms"));
    StompConnection s = StompConnection.open(c.describe, "1.2", "client-id:to-jms");
    for (String frame : frames) {
      String rest = frame.contains("\n\n") || frame.equals("\n") ? frame : "\n" + frame;
      s.send("SEND\ndestination:/queue/to-jms\nreceipt:r\n" + rest);
      String answer = s.frame();
      c.say(frame.replace("\n", "|") + " -> "
          + (answer.startsWith("RECEIPT") ? c.describe.all(consumer.receive(Compare.WAIT)) : answer));
    }
    connection.close();
    s.close();
  }

  private static void fromJms(Compare c) throws Exception {
    Connection connection = Compare.connect("from-jms");
    Session session = Compare.session(connection);
    Queue queue = session.createQueue("from-jms");
    MessageProducer producer = session.createProducer(queue);
    TextMessage text = session.createTextMessage("t\u00e9xt");
    text.setBooleanProperty("boolean", true);
    text.setByteProperty("byte", (byte) 1);
    text.setIntProperty("int", -5);
    text.setLongProperty("long", 1L << 40);
    text.setFloatProperty("float", 0.1f);
    text.setDoubleProperty("double", 1e300);
    text.setStringProperty("string", "a:b\nc\\d");
    text.setStringProperty("null", null);
    text.setStringProperty("JMSXGroupID", "g");
    text.setIntProperty("JMSXGroupSeq", 2);
    text.setJMSCorrelationID("c");
    text.setJMSType("kind");
    text.setJMSReplyTo(session.createTemporaryQueue());
    producer.send(text, DeliveryMode.PERSISTENT, 8, 3_600_000);
    text = session.createTextMessage("transient");
    text.setJMSReplyTo(session.createTopic("answers"));
    producer.send(text, DeliveryMode.NON_PERSISTENT, 4, 0);
    producer.send(session.createTextMessage());
    producer.send(session.createTextMessage(""));
    BytesMessage bytes = session.createBytesMessage();
    bytes.writeBytes("bytes".getBytes());
    producer.send(bytes);
    producer.send(session.createBytesMessage());
    MapMessage map = session.createMapMessage();
    map.setString("colour", "blue");
    producer.send(map);
    StreamMessage stream = session.createStreamMessage();
    stream.writeString("a");
    producer.send(stream);
    producer.send(session.createObjectMessage("object"));
    producer.send(session.createMessage());
    StompConnection s = StompConnection.open(c.describe, "1.2", "client-id:stomp-from-jms");
    s.send("SUBSCRIBE\nid:1\ndestination:/queue/from-jms\n\n");
    for (int i = 0; i < 10; i++) c.say(s.frame());
    s.send("UNSUBSCRIBE\nid:1\nreceipt:u\n\n");
    c.say(s.frame());
    connection.close();
    s.close();
  }

  private static void toStomp(Compare c) throws Exception {
    for (String version : new String[] {"1.0", "1.1", "1.2"}) {
      StompConnection s = StompConnection.open(c.describe, version, "client-id:stomp" + version);
      String queue = "/queue/stomp" + version;
      s.send("SUBSCRIBE\nid:1\ndestination:" + queue + "\nreceipt:sub\n\n");
      c.say(s.frame());
      s.send("SEND\ndestination:" + queue + "\na:b\\nc\\rd\\\\e\\cf\nx:  blanks  \n\nbody");
      c.say(s.frame());
      s.send("SEND\r\ndestination:" + queue + "\r\ncontent-length:3\r\n\r\na0b");
      c.say(s.frame());
      s.send("SEND\ndestination:stomp" + version + "\n\nwithout a prefix");
      c.say(s.frame());
      s.send("SEND\ndestination:" + queue + "\npersistent:true\nexpires:9999999999999\npriority:12\n\nlimits");
      c.say(s.frame());
      s.send("DISCONNECT\nreceipt:bye\n\n");
      c.say(s.frame());
      c.say(s.frame());
      s.close();
    }
  }

  private static void subscriptions(Compare c) throws Exception {
    StompConnection s = StompConnection.open(c.describe, "1.1", "client-id:subscriptions");
    String[] frames = {
      "SUBSCRIBE\ndestination:/queue/s\nreceipt:1\n\n",
      "SUBSCRIBE\nid:1\nreceipt:1\n\n",
      "SUBSCRIBE\nid:1\ndestination:/queue/s\nack:wrong\nreceipt:1\n\n",
      "UNSUBSCRIBE\nid:1\nreceipt:1\n\n",
      "SUBSCRIBE\nid:1\ndestination:/queue/s\nreceipt:1\n\n",
      "SUBSCRIBE\nid:1\ndestination:/queue/s\nreceipt:1\n\n",
      "SUBSCRIBE\nid:2\ndestination:/queue/s\nselector:a = = b\nreceipt:1\n\n",
      "UNSUBSCRIBE\nid:9\nreceipt:1\n\n",
      "UNSUBSCRIBE\nreceipt:1\n\n",
      "SUBSCRIBE\nid:3\ndestination:/topic/t\nactivemq.subscriptionName:n\nreceipt:1\n\n",
      "SUBSCRIBE\nid:4\ndestination:/queue/q\nactivemq.subscriptionName:n\nreceipt:1\n\n",
      "SUBSCRIBE\nid:5\ndestination:/topic/w.>\nactivemq.prefetchSize:x\nreceipt:1\n\n",
      "SUBSCRIBE\nid:6\ndestination:/queue/a,/queue/b\nreceipt:1\n\n",
      "SUBSCRIBE\nid:7\ndestination:s\nactivemq.unknown:1\nreceipt:1\n\n",
    };
    for (String frame : frames) {
      s.send(frame);
      c.say(frame.replace("\n", "|") + " -> " + s.frame());
    }
    s.send("SEND\ndestination:/queue/b\n\nto b");
    c.say(s.frame());
    s.close();
  }

  private static void acknowledgements(Compare c) throws Exception {
    StompConnection s = StompConnection.open(c.describe, "1.2", "client-id:acks");
    for (int i = 0; i < 4; i++) {
      s.send("SEND\ndestination:/queue/acks\npersistent:true\nreceipt:s\n\nm" + i);
      s.frame();
    }
    s.send("SUBSCRIBE\nid:1\ndestination:/queue/acks\nack:client-individual\n\n");
    String[] acks = new String[4];
    for (int i = 0; i < 4; i++) {
      s.frame();
      acks[i] = s.headers.get("ack");
    }
    s.send("ACK\nid:" + acks[1] + "\nreceipt:a\n\n");
    c.say(s.frame());
    s.send("ACK\nid:" + acks[1] + "\nreceipt:a\n\n");
    c.say("again: " + s.frame());
    s.send("NACK\nid:" + acks[2] + "\nreceipt:n\n\n");
    c.say(s.frame());
    s.send("NACK\nid:unknown\nreceipt:n\n\n");
    c.say(s.frame());
    s.send("ACK\nreceipt:n\n\n");
    c.say(s.frame());
    s.close();
    StompConnection other = StompConnection.open(c.describe, "1.2", "client-id:acks2");
    other.send("SUBSCRIBE\nid:1\ndestination:/queue/acks\nack:client\n\n");
    c.say(other.frame());
    c.say(other.frame());
    other.send("ACK\nid:" + other.headers.get("ack") + "\nreceipt:a\n\n");
    c.say(other.frame());
    other.send("SUBSCRIBE\nid:d\ndestination:/queue/ActiveMQ.DLQ\n\n");
    c.say(other.frame());
    other.close();
  }

  private static void transactions(Compare c) throws Exception {
    StompConnection s = StompConnection.open(c.describe, "1.2", "client-id:tx");
    s.send("SUBSCRIBE\nid:1\ndestination:/queue/tx\nack:client-individual\nreceipt:s\n\n");
    s.frame();
    String[] frames = {
      "BEGIN\ntransaction:t\nreceipt:1\n\n",
      "SEND\ndestination:/queue/tx\ntransaction:t\nreceipt:1\n\none",
      "ABORT\ntransaction:t\nreceipt:1\n\n",
      "COMMIT\ntransaction:t\nreceipt:1\n\n",
      "ABORT\ntransaction:t\nreceipt:1\n\n",
      "BEGIN\nreceipt:1\n\n",
      "SEND\ndestination:/queue/tx\ntransaction:unknown\nreceipt:1\n\none",
      "ACK\nid:x\ntransaction:unknown\nreceipt:1\n\n",
      "BEGIN\ntransaction:u\nreceipt:1\n\n",
      "BEGIN\ntransaction:u\nreceipt:1\n\n",
      "SEND\ndestination:/queue/tx\ntransaction:u\nreceipt:1\n\ntwo",
      "COMMIT\ntransaction:u\n\n",
    };
    for (String frame : frames) {
      s.send(frame);
      if (frame.startsWith("COMMIT\ntransaction:u")) c.say("committed: " + s.frame());
      else c.say(frame.replace("\n", "|") + " -> " + s.frame());
    }
    s.close();
  }

  private static void errors(Compare c) throws Exception {
    String[] frames = {
      "SEND\n\nno destination", "SEND\ndestination:\n\nempty", "UNKNOWN\nreceipt:1\n\n", "SUB\n\n", "send\ndestination:/queue/a\n\n",
      "SEND\ndestination:/queue/a\nno colon\n\n", "SEND\ndestination:/queue/a\ncontent-length:x\n\n",
      "ACK\n\n", "NACK\n\n", "BEGIN\n\n", "COMMIT\n\n", "ABORT\n\n", "UNSUBSCRIBE\n\n", "SUBSCRIBE\n\n",
      "SEND\ndestination:/queue/a\npriority:x\n\n", "SEND\ndestination:/unknown/a\nreceipt:1\n\n", "SEND\ndestination:/topic/\nreceipt:1\n\n",
      "SEND\ndestination:/queue/a\nreceipt:1\nbad\\escape:x\n\n",
    };
    for (String frame : frames) {
      StompConnection s = StompConnection.open(c.describe, "1.2");
      s.send(frame);
      String first = s.frame(5000);
      c.say(frame.replace("\n", "|") + " -> " + first + " then " + s.frame(700));
      s.close();
    }
  }

  private static void selectors(Compare c) throws Exception {
    String[] selectors = {
      "n > 3", "n = '5'", "n = 5", "flag = TRUE", "flag", "n BETWEEN 2 AND 6", "text > 3", "n + 1 = 6",
      "n IN ('5')", "n LIKE '5'", "missing IS NULL", "NOT (n = 4)", "d < 1.5", "JMSPriority = 4",
      "type = 'kind'", "JMSType = 'kind'", "n <> 5", "flag <> FALSE",
    };
    StompConnection s = StompConnection.open(c.describe, "1.1", "client-id:selectors");
    int number = 0;
    for (String selector : selectors) {
      String queue = "/queue/stomp-selectors." + ++number;
      s.send("SUBSCRIBE\nid:" + number + "\ndestination:" + queue + "\nselector:" + selector
          + "\nreceipt:1\n\n");
      String answer = s.frame();
      s.send("SEND\ndestination:" + queue + "\nn:5\nflag:true\ntext:words\nd:1.25\ntype:kind\n\nx");
      String found = s.frame(SELECTED);
      c.say(selector + ": " + (answer.startsWith("RECEIPT") ? "" : answer) + " "
          + (found.startsWith("MESSAGE") ? "found" : found));
    }
    s.close();
  }

  /** Milliseconds in which a message that matches is delivered. */
  private static final int SELECTED = 1000;

  private static void durable(Compare c) throws Exception {
    StompConnection s = StompConnection.open(c.describe, "1.2", "client-id:stomp-durable");
    String subscribe = "SUBSCRIBE\nid:1\ndestination:/topic/durable-stomp\nactivemq.subscriptionName:d\nreceipt:1\n\n";
    s.send(subscribe);
    c.say(s.frame());
    s.send("DISCONNECT\nreceipt:2\n\n");
    c.say(s.frame());
    s.close();
    StompConnection sender = StompConnection.open(c.describe, "1.2");
    sender.send("SEND\ndestination:/topic/durable-stomp\npersistent:true\nreceipt:3\n\nmissed");
    c.say(sender.frame());
    sender.send("SEND\ndestination:/topic/durable-stomp\nreceipt:3\n\nmissed, transient");
    c.say(sender.frame());
    s = StompConnection.open(c.describe, "1.2", "client-id:stomp-durable");
    s.send(subscribe);
    for (int i = 0; i < 3; i++) c.say(s.frame());
    s.send("UNSUBSCRIBE\nid:1\nreceipt:4\n\n");
    c.say(s.frame());
    s.send("UNSUBSCRIBE\nid:1\nactivemq.subscriptionName:d\nreceipt:5\n\n");
    c.say(s.frame());
    s.send("UNSUBSCRIBE\nid:1\nactivemq.subscriptionName:d\nreceipt:6\n\n");
    c.say(s.frame());
    s.close();
  }

  private static void browser(Compare c) throws Exception {
    StompConnection s = StompConnection.open(c.describe, "1.1", "client-id:browser");
    s.send("SEND\ndestination:/queue/stomp-browser\nreceipt:s\n\nm");
    s.frame();
    s.send("SUBSCRIBE\nid:b\ndestination:/queue/stomp-browser\nbrowser:true\n\n");
    c.say(s.frame());
    c.say(s.frame());
    s.send("UNSUBSCRIBE\nid:b\nreceipt:u\n\n");
    c.say(s.frame());
    s.send("SUBSCRIBE\nid:b\ndestination:/topic/t\nbrowser:true\nreceipt:x\n\n");
    c.say(s.frame());
    s.close();
  }

  private static void temporary(Compare c) throws Exception {
    StompConnection client = StompConnection.open(c.describe, "1.2", "client-id:temp-client");
    StompConnection server = StompConnection.open(c.describe, "1.2", "client-id:temp-server");
    server.send("SUBSCRIBE\nid:1\ndestination:/queue/temp-requests\nreceipt:1\n\n");
    server.frame();
    client.send("SUBSCRIBE\nid:1\ndestination:/temp-queue/mine\nreceipt:1\n\n");
    c.say(client.frame());
    client.send("SEND\ndestination:/queue/temp-requests\nreply-to:/temp-queue/mine\n\nask");
    c.say(server.frame());
    String replyTo = server.headers.get("reply-to");
    server.send("SEND\ndestination:" + replyTo + "\n\nanswer");
    c.say(client.frame());
    server.send("SUBSCRIBE\nid:2\ndestination:" + replyTo + "\nreceipt:2\n\n");
    c.say("foreign: " + server.frame());
    client.close();
    Thread.sleep(300);
    server.send("SEND\ndestination:" + replyTo + "\nreceipt:3\n\ntoo late");
    c.say("too late: " + server.frame());
    server.close();
  }

  private static void schedule(Compare c) throws Exception {
    StompConnection s = StompConnection.open(c.describe, "1.2", "client-id:schedule");
    s.send("SUBSCRIBE\nid:1\ndestination:/queue/stomp-schedule\nreceipt:1\n\n");
    s.frame();
    s.send("SEND\ndestination:/queue/stomp-schedule\nAMQ_SCHEDULED_DELAY:600\nreceipt:2\n\nlater");
    c.say(s.frame());
    c.say(s.frame(50));
    c.say(s.frame());
    s.send("SEND\ndestination:/queue/stomp-schedule\nAMQ_SCHEDULED_CRON:bad\nreceipt:3\n\nnever");
    c.say(s.frame());
    s.close();
  }
}
