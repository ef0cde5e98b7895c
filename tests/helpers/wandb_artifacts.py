"""The part of the loopback W&B server that takes artifacts: tables, and a factor with its hash."""

import json
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Artifact:
    """What a client said of an artifact, and the files that it sent.

    Attributes:
        name: Of its collection, e.g. factor-v2.1.
        kind: W&B's type of it.
        metadata: What the client keeps with it.
        files: Name -> where the server keeps its content.
        committed: The client said that all has been sent.
    """

    name: str
    kind: str
    metadata: Json
    files: dict[str, str] = field(default_factory=dict)
    committed: bool = False


class Artifacts:
    """All artifacts of a server.

    Args:
        upload: Address that takes files, without the file's name.
    """

    def __init__(self, upload: str) -> None:
        self._upload = upload
        self._made: list[Artifact] = []

    def find(self, kind: str) -> list[Artifact]:
        """Artifacts of a type, in the order in which they came."""
        return [one for one in self._made if one.kind == kind]

    def answer(self, query: str, variables: Json) -> Json:
        """What W&B would say to a question about artifacts."""
        if "createArtifactManifest" in query:
            name = f"{variables['artifactID']}/manifest-{variables['name']}"
            return {"createArtifactManifest": {"artifactManifest": self._manifest(name)}}
        if "updateArtifactManifest" in query:
            name = variables["artifactManifestID"]
            return {"updateArtifactManifest": {"artifactManifest": self._manifest(name)}}
        if "createArtifactFiles" in query:
            edges = [self._file(said) for said in variables["input"]["artifactFiles"]]
            return {"createArtifactFiles": {"files": {"edges": edges}}}
        if "commitArtifact" in query:
            number = variables["artifactID"]
            self._made[int(number)].committed = True
            return {"commitArtifact": {"artifact": {"id": number, "digest": ""}}}
        if "createArtifact" in query:
            return {"createArtifact": {"artifact": self._new(variables["input"])}}
        return {"project": None, "artifact": None}  # there is none yet

    def _new(self, said: Json) -> Json:
        name, kind = said["artifactCollectionName"], said["artifactTypeName"]
        self._made.append(Artifact(name, kind, json.loads(said.get("metadata") or "{}")))
        return {
            "id": str(len(self._made) - 1),
            "state": "PENDING",
            "artifactSequence": {"latestArtifact": None},
        }

    def _file(self, said: Json) -> Json:
        artifact = said["artifactID"]
        kept = f"{artifact}/{said['name']}"
        self._made[int(artifact)].files[said["name"]] = kept
        node: Json = {
            "storagePath": kept,
            "uploadUrl": self._upload + kept,
            "uploadHeaders": [],
            "uploadMultipartUrls": None,
            "artifact": {"id": artifact},
        }
        return {"node": node}

    def _manifest(self, name: str) -> Json:
        file = {"id": name, "uploadUrl": self._upload + name, "uploadHeaders": []}
        return {"id": name, "file": file}
