import { type Fields, Nested } from "./field.ts";

/* What ECS knows of an executable file; the sets that process and process.parent reuse. */

export const codeSignature: Fields = {
  digest_algorithm: "keyword",
  exists: "boolean",
  flags: "keyword",
  signing_id: "keyword",
  status: "keyword",
  subject_name: "keyword",
  team_id: "keyword",
  thumbprint_sha256: "keyword",
  timestamp: "date",
  trusted: "boolean",
  valid: "boolean",
};

export const hash: Fields = {
  cdhash: "keyword",
  md5: "keyword",
  sha1: "keyword",
  sha256: "keyword",
  sha384: "keyword",
  sha512: "keyword",
  ssdeep: "keyword",
  tlsh: "keyword",
};

const goImports: Fields = {
  go_import_hash: "keyword",
  go_imports: "flattened",
  go_imports_names_entropy: "long",
  go_imports_names_var_entropy: "long",
  go_stripped: "boolean",
};

const imports: Fields = {
  import_hash: "keyword",
  imports: "flattened",
  imports_names_entropy: "long",
  imports_names_var_entropy: "long",
};

const section: Fields = {
  entropy: "long",
  name: "keyword",
  physical_size: "long",
  var_entropy: "long",
  virtual_size: "long",
};

export const elf: Fields = {
  architecture: "keyword",
  byte_order: "keyword",
  cpu_type: "keyword",
  creation_date: "date",
  exports: "flattened",
  ...goImports,
  header: {
    abi_version: "keyword",
    class: "keyword",
    data: "keyword",
    entrypoint: "long",
    object_version: "keyword",
    os_abi: "keyword",
    type: "keyword",
    version: "keyword",
  },
  ...imports,
  sections: new Nested({
    ...section,
    chi2: "long",
    flags: "keyword",
    physical_offset: "keyword",
    type: "keyword",
    virtual_address: "long",
  }),
  segments: new Nested({ sections: "keyword", type: "keyword" }),
  shared_libraries: "keyword",
  telfhash: "keyword",
};

export const macho: Fields = { ...goImports, ...imports, sections: new Nested(section), symhash: "keyword" };

export const pe: Fields = {
  architecture: "keyword",
  company: "keyword",
  description: "keyword",
  file_version: "keyword",
  ...goImports,
  imphash: "keyword",
  ...imports,
  original_file_name: "keyword",
  pehash: "keyword",
  product: "keyword",
  sections: new Nested(section),
};
