INSERT INTO manifests (digest, body, size, content)
    VALUES ('sha256:kept',
            '{"files":[{"path":"data.json","sha256":"7902699be42c8a8e","size":1}],"format":"json",'
            || '"materializer":"tests.Json","type":"builtins.int"}', 1, '7');
