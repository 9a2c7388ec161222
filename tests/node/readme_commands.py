"""What README tells its reader to do on a cluster, read out of it."""

from dataclasses import dataclass

from tests.docs import markdown_documents

_HEADING = "## Use it on a cluster"


@dataclass(frozen=True, kw_only=True)
class Instructions:
    """The section's file and commands, in its order."""

    kustomization: str
    commands: tuple[str, ...]

    @property
    def image(self) -> str:
        """The image that the build command names."""
        (built,) = (each for each in self.commands if each.startswith("docker build "))
        return built.split()[3]

    def kubectl(self) -> tuple[str, ...]:
        """The commands for the cluster; those of docker are done by whoever has no docker."""
        return tuple(each for each in self.commands if not each.startswith("docker "))


def instructions(text: str | None = None) -> Instructions:
    """What README's section on clusters has in its blocks."""
    text = (markdown_documents.ROOT / "README.md").read_text() if text is None else text
    section = markdown_documents.section(text, _HEADING)
    (kustomization,) = markdown_documents.blocks(section, "yaml")
    lines = (line for content in markdown_documents.blocks(section, "sh") for line in content.splitlines())
    return Instructions(kustomization=kustomization, commands=tuple(line for line in lines if line.strip()))
