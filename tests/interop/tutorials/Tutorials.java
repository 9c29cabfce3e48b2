// The scenarios of RabbitMQ's tutorials with RabbitMQ's Java client. Prints what was received as JSON.

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.MessageProperties;
import java.io.FileInputStream;
import java.io.IOException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public class Tutorials {
  static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    try (FileInputStream in = new FileInputStream(file)) {
      store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  /** On a busy machine, loading TLS may take longer than a broker waits for the first bytes. */
  static Connection connect(ConnectionFactory factory) throws Exception {
    for (int left = 4; left > 0; left--) {
      try {
        return factory.newConnection();
      } catch (IOException error) {
        System.err.println("trying again after " + error);
      }
    }
    return factory.newConnection();
  }

  interface Received {
    void message(Envelope envelope, BasicProperties properties, String body) throws IOException;
  }

  static void consume(Channel channel, String queue, boolean autoAck, Received received) throws IOException {
    channel.basicConsume(queue, autoAck, new DefaultConsumer(channel) {
      @Override
      public void handleDelivery(String tag, Envelope envelope, BasicProperties properties, byte[] body)
          throws IOException {
        received.message(envelope, properties, new String(body));
      }
    });
  }

  static BlockingQueue<String> listen(Channel channel, String exchange, String... keys) throws IOException {
    BlockingQueue<String> bodies = new LinkedBlockingQueue<>();
    String queue = channel.queueDeclare().getQueue();
    for (String key : keys) channel.queueBind(queue, exchange, key);
    consume(channel, queue, true, (envelope, properties, body) -> bodies.add(body));
    return bodies;
  }

  static String take(BlockingQueue<String> bodies, int count) throws InterruptedException {
    List<String> taken = new ArrayList<>();
    while (taken.size() < count) {
      String body = bodies.poll(30, TimeUnit.SECONDS);
      if (body == null) throw new IllegalStateException("only " + taken);
      taken.add(body);
    }
    Collections.sort(taken);
    return "[\"" + String.join("\",\"", taken) + "\"]";
  }

  static int fib(int n) {
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
  }

  public static void main(String[] args) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(System.getenv("URL"));
    factory.useSslProtocol(trusting(System.getenv("CA_FILE")));
    Connection connection = connect(factory);
    Channel channel = connection.createChannel();

    // Work queues: two workers, each with one task at a time.
    channel.queueDeclare("java.work", true, false, false, null);
    BlockingQueue<String> tasks = new LinkedBlockingQueue<>();
    for (int i = 0; i < 2; i++) {
      Channel worker = connection.createChannel();
      worker.basicQos(1);
      consume(worker, "java.work", false, (envelope, properties, body) -> {
        tasks.add(body);
        worker.basicAck(envelope.getDeliveryTag(), false);
      });
    }
    for (int i = 0; i < 10; i++) {
      byte[] task = ("task " + i).getBytes();
      channel.basicPublish("", "java.work", MessageProperties.PERSISTENT_TEXT_PLAIN, task);
    }
    String said = "{\"work\":" + take(tasks, 10);

    // Publish/subscribe, routing, topics.
    for (String type : new String[] {"fanout", "direct", "topic"}) {
      channel.exchangeDeclare("java." + type, type, false, true, null);
    }
    BlockingQueue<String> first = listen(channel, "java.fanout", "");
    BlockingQueue<String> second = listen(channel, "java.fanout", "");
    BlockingQueue<String> errors = listen(channel, "java.direct", "error");
    BlockingQueue<String> animals = listen(channel, "java.topic", "*.orange.*", "lazy.#");
    channel.basicPublish("java.fanout", "", null, "hello".getBytes());
    for (String severity : new String[] {"info", "error", "debug"}) {
      channel.basicPublish("java.direct", severity, null, severity.getBytes());
    }
    for (String key : new String[] {"quick.orange.rabbit", "lazy.brown.fox", "quick.brown.fox", "lazy"}) {
      channel.basicPublish("java.topic", key, null, key.getBytes());
    }
    said += ",\"fanout\":[" + take(first, 1) + "," + take(second, 1) + "]";
    said += ",\"direct\":" + take(errors, 1) + ",\"topic\":" + take(animals, 3);

    // RPC.
    channel.queueDeclare("java.rpc", false, false, true, null);
    consume(channel, "java.rpc", false, (envelope, properties, body) -> {
      BasicProperties reply =
          new BasicProperties.Builder().correlationId(properties.getCorrelationId()).build();
      byte[] answer = Integer.toString(fib(Integer.parseInt(body))).getBytes();
      channel.basicPublish("", properties.getReplyTo(), reply, answer);
      channel.basicAck(envelope.getDeliveryTag(), false);
    });
    String replies = channel.queueDeclare().getQueue();
    BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    consume(channel, replies, true, (envelope, properties, body) -> {
      if ("the call".equals(properties.getCorrelationId())) answers.add(body);
    });
    BasicProperties call =
        new BasicProperties.Builder().correlationId("the call").replyTo(replies).build();
    channel.basicPublish("", "java.rpc", call, "10".getBytes());
    said += ",\"rpc\":\"" + answers.poll(30, TimeUnit.SECONDS) + "\"";

    // Publisher confirms.
    Channel confirming = connection.createChannel();
    confirming.confirmSelect();
    for (int i = 0; i < 20; i++) confirming.basicPublish("java.fanout", "", null, "confirmed".getBytes());
    said += ",\"confirmed\":" + (confirming.waitForConfirms(30_000) ? 20 : 0);

    channel.queueDelete("java.work");
    connection.close();
    System.out.println(said + "}");
  }
}
