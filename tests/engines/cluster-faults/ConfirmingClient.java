// A publisher with confirms, over RabbitMQ's Java client. It connects again whenever something fails,
// and prints which messages were confirmed. Variables: URL, TRUST_STORE, PREFIX, QUEUE.

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

public final class ConfirmingClient {
  private static final int BATCH = 10;
  private static long next = 0;

  public static void main(String[] args) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(System.getenv("URL"));
    factory.useSslProtocol(trusting(System.getenv("TRUST_STORE")));
    factory.setAutomaticRecoveryEnabled(false);
    factory.setConnectionTimeout(5000);
    factory.setHandshakeTimeout(5000);
    factory.setRequestedHeartbeat(5);
    for (;;) {
      Connection connection = null;
      try {
        connection = factory.newConnection();
        publish(connection.createChannel());
      } catch (Exception error) {
        System.out.println("failed " + error.getClass().getSimpleName());
        if (connection != null) connection.abort(500);
        Thread.sleep(200);
      }
    }
  }

  private static void publish(Channel channel) throws Exception {
    String prefix = System.getenv("PREFIX");
    String queue = System.getenv("QUEUE");
    channel.confirmSelect();
    for (;;) {
      long first = next;
      for (int i = 0; i < BATCH; i++) {
        byte[] body = String.format("%s %d %-200s", prefix, next++, "").getBytes("UTF-8");
        channel.basicPublish("", queue, true, MessageProperties.PERSISTENT_BASIC, body);
      }
      channel.waitForConfirmsOrDie(10000);
      System.out.println("confirmed " + first + " " + (next - 1));
      Thread.sleep(100);
    }
  }

  private static SSLContext trusting(String file) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    try (java.io.InputStream input = Files.newInputStream(Path.of(file))) {
      store.load(input, "changeit".toCharArray());
    }
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }
}
