/*
 * Secrets that the words before them tell: an option, a variable, a program. Names as in names.ts: a star is anything,
 * `-`, `_` and `.` are one, `!` takes a name out again.
 */

/** A rule on words. Patterns are native and anchored, without a repetition in a repetition. */
export interface WordRule {
  readonly name: string;
  /** A program and the words that must follow behind it; none: any program. */
  readonly programs?: readonly string[];
  readonly option?: readonly string[];
  readonly until?: readonly string[];
  readonly optional?: boolean;
  /** Besides the one-letter names in `option`, which may always have their value attached. */
  readonly attached?: readonly string[];
  readonly variable?: readonly string[];
  readonly last?: boolean;
  readonly pattern?: RegExp;
  readonly except?: RegExp;
}

/** Options that speak of a secret without holding one. */
const NO_SECRET = ["no", "ask", "prompt", "with", "without", "use", "enable", "disable", "show", "skip"].map(
  (word) => `!--${word}-*`,
);
const SWITCH = /^(?:true|false|yes|no|on|off)$/i;
const USER_AND_PASSWORD = /^[^:]*:(.+)$/s;

const KEY_NAMES = [
  ...[
    "*api-key",
    "*apikey",
    "*access-key",
    "*accesskey",
    "*account-key",
    "*accountkey",
    "*encryption-key",
    "*master-key",
  ],
  ...["*shared-key", "*preshared-key", "*auth-key", "*authkey", "*signing-secret"],
];
const SECRET_NAMES = ["*secret", "*secret-key", "*secretkey", "*secret-access-key", "*secret-value"];
const PASSWORD_NAMES = ["*password", "*passwd", "*passphrase", "*-pass", "*-pwd"];

const dashed = (names: readonly string[]): string[] => names.map((name) => `-${name}`);

/** Whatever the program. */
export const GENERAL: readonly WordRule[] = [
  {
    name: "password",
    option: [...dashed(PASSWORD_NAMES), "--pwd", "-*storepass", "-*keypass", ...NO_SECRET],
    variable: [...PASSWORD_NAMES, "pass", "sshpass", "dbpass"],
    except: SWITCH,
  },
  {
    name: "token",
    option: ["-*token", "-*bearer", "!--next-token", "!--starting-token", "!--page-token", ...NO_SECRET],
    variable: ["*token"],
    except: SWITCH,
  },
  {
    // Docker's --secret names a file and what it is called in the build: id=npm,src=.npmrc
    name: "secret",
    option: [...dashed(SECRET_NAMES), "-*secret-string", "-*secret-binary", ...NO_SECRET],
    variable: [...SECRET_NAMES, "*secret-id"],
    except: /^(?:(?:id|type|src|source|env|target|name)=.*|true|false|yes|no|on|off)$/is,
  },
  {
    // The id of an AWS key is no secret, and neither is the path of a file; base64 has no dot.
    name: "key",
    option: [...dashed(KEY_NAMES), ...NO_SECRET],
    variable: [...KEY_NAMES, "*private-key"],
    except: /^(?:A(?:KIA|SIA)[A-Z0-9]{16}|(?:~|\.{0,2})\/[\w./-]*\.\w{1,5}|true|false|yes|no|on|off)$/i,
  },
];

/** For certain programs. */
export const OF_PROGRAMS: readonly WordRule[] = [
  {
    // -p without value asks for it; 3306:3306 is a port of a container that is called mysql.
    name: "mysql",
    programs: [
      ...["mysql", "mariadb", "mysqldump", "mysqladmin", "mysqlimport", "mysqlshow", "mysqlcheck", "mysqlbinlog"],
      ...["mysqlpump", "mysqlslap", "mysql_upgrade", "mysqlsh", "mycli", "mydumper", "mariadb-dump", "mariadb-admin"],
      ...["mariadb-import", "mariadb-show", "mariadb-check", "mariadb-binlog", "mariadb-backup", "xtrabackup"],
    ],
    option: ["-p"],
    optional: true,
    except: /^[\d.]+:[\d:.]+(?:\/\w+)?$/,
  },
  { name: "sshpass", programs: ["sshpass"], option: ["-p"], until: ["ssh", "scp", "sftp", "rsync", "ssh-copy-id"] },
  {
    name: "curl",
    programs: ["curl"],
    option: ["-u", "-U", "-*u", "--user", "--proxy-user", "-E", "--cert", "--proxy-cert"],
    pattern: USER_AND_PASSWORD,
  },
  { name: "curl-cookie", programs: ["curl"], option: ["-b", "--cookie"], pattern: /^[^=]*=(.+)$/s },
  { name: "http-auth", programs: ["http", "https", "xh"], option: ["-a", "--auth"], pattern: USER_AND_PASSWORD },
  { name: "redis", programs: ["redis-cli", "valkey-cli", "redis-benchmark"], option: ["-a", "--pass"] },
  {
    name: "ldap",
    programs: [
      ...["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldappasswd", "ldapmodrdn", "ldapwhoami", "ldapcompare"],
      "ldapexop",
    ],
    option: ["-w"],
  },
  { name: "ldappasswd", programs: ["ldappasswd"], option: ["-s", "-a"] },
  {
    name: "smb",
    programs: ["smbclient", "smbget", "smbcacls", "smbcquotas", "smbtree", "rpcclient", "net", "winexe", "wmic"],
    option: ["-U", "--user"],
    pattern: /^[^%]*%(.+)$/s,
  },
  { name: "zip", programs: ["zip", "unzip", "zipcloak"], option: ["-P"] },
  { name: "7z", programs: ["7z", "7za", "7zr", "7zz"], attached: ["-p"] },
  { name: "rar", programs: ["rar", "unrar"], attached: ["-hp", "-p"] },
  {
    name: "openssl",
    programs: ["openssl"],
    option: ["-passin", "-passout", "-pass", "-passwd", "-srppass"],
    pattern: /^pass:(.+)$/s,
  },
  { name: "openssl-key", programs: ["openssl enc"], option: ["-k", "-K"] },
  { name: "htpasswd", programs: ["htpasswd -*b*"], last: true },
  {
    name: "login",
    programs: [
      ...["docker login", "podman login", "nerdctl login", "buildah login", "skopeo login", "oras login", "helm login"],
      ...["crane login", "az login", "oc login", "cf login"],
    ],
    option: ["-p"],
  },
  {
    name: "registry",
    programs: ["skopeo", "podman", "buildah"],
    option: ["--creds", "--src-creds", "--dest-creds"],
    pattern: USER_AND_PASSWORD,
  },
  {
    name: "kubectl",
    programs: ["kubectl create secret", "oc create secret"],
    option: ["--from-literal"],
    pattern: /^[^=]*=(.+)$/s,
  },
  { name: "aws", programs: ["aws configure set"], option: ["*aws_secret_access_key", "*aws_session_token"] },
  {
    name: "npm",
    programs: ["npm config set", "npm set", "yarn config set"],
    option: ["*_authToken", "*_auth", "*_password"],
  },
  { name: "github", programs: ["gh secret set"], option: ["-b", "--body"] },
  {
    name: "mongo",
    programs: ["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat"],
    option: ["-p"],
  },
  { name: "cassandra", programs: ["cqlsh"], option: ["-p"] },
  { name: "sql-server", programs: ["sqlcmd", "bcp", "tsql"], option: ["-P"] },
  { name: "mqtt", programs: ["mosquitto_pub", "mosquitto_sub", "mosquitto_rr"], option: ["-P", "--pw"] },
  { name: "ipmi", programs: ["ipmitool", "ipmi-power", "ipmi-sensors"], option: ["-P"] },
  { name: "putty", programs: ["plink", "pscp", "psftp"], option: ["-pw"] },
  {
    name: "rdp",
    programs: ["xfreerdp", "xfreerdp3", "wlfreerdp", "rdesktop"],
    attached: ["/p:", "/password:"],
    option: ["-p"],
  },
  { name: "lftp", programs: ["lftp"], option: ["-u"], pattern: /^[^,]*,(.+)$/s },
  { name: "snmp", programs: ["snmpwalk", "snmpget", "snmpset", "snmpbulkwalk"], option: ["-c", "-A", "-X"] },
  { name: "usermod", programs: ["useradd", "usermod"], option: ["-p"] },
  { name: "wifi", programs: ["nmcli"], option: ["password", "*.psk", "*.password"] },
  { name: "wpa", programs: ["wpa_passphrase"], last: true },
  { name: "minio", programs: ["mc alias set"], last: true },
];
